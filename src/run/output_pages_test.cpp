// Output memory is bounded in bytes and files, and comes back.
#include "run/output_pages.hpp"

#include <gtest/gtest.h>

namespace inlay::run {
namespace {

TEST(OutputBudget, IsUsedUpInBytesAndComesBack) {
    OutputBudget budget(8192, 10);
    auto first = create_output_pages(budget, "test", 8192);
    ASSERT_TRUE(first.ok());
    auto refused = create_output_pages(budget, "test", 1);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, Errc::overloaded);
    first->reset();
    EXPECT_TRUE(create_output_pages(budget, "test", 8192).ok());
}

TEST(OutputBudget, IsUsedUpInFilesAndComesBack) {
    OutputBudget budget(1 << 20, 2);
    auto first = create_output_pages(budget, "test", 1), second = create_output_pages(budget, "test", 1);
    EXPECT_FALSE(create_output_pages(budget, "test", 1).ok());
    second->reset();
    EXPECT_TRUE(create_output_pages(budget, "test", 1).ok());
}

TEST(OutputBudget, OfAPartIsNeverMoreThanThePartNorThanTheWhole) {
    OutputBudget whole(8192, 10), part(4096, 10, &whole);
    auto of_part = create_output_pages(part, "test", 4096);
    ASSERT_TRUE(of_part.ok());
    EXPECT_NE(create_output_pages(part, "test", 1).error().detail.find("streams"), std::string::npos);
    auto of_others = create_output_pages(whole, "test", 4096);
    ASSERT_TRUE(of_others.ok()) << "the part leaves it to others";
    of_part->reset();
    auto once_more = create_output_pages(whole, "test", 4096);
    ASSERT_TRUE(once_more.ok()) << "and takes nothing with it";
    EXPECT_FALSE(create_output_pages(part, "test", 4096).ok()) << "the whole is used up";
    of_others->reset();
    EXPECT_TRUE(create_output_pages(part, "test", 4096).ok());
}

}  // namespace
}  // namespace inlay::run
