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

}  // namespace
}  // namespace inlay::run
