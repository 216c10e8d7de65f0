// Output memory is bounded in bytes and files, and comes back.
#include "run/output_pages.hpp"

#include <gtest/gtest.h>

namespace inlay::run {
namespace {

TEST(OutputBudget, IsUsedUpInBytesAndComesBack) {
    OutputBudget budget(8192, 10);
    auto first = OutputPages::create(&budget, "test", 8192);
    ASSERT_TRUE(first.ok());
    auto refused = OutputPages::create(&budget, "test", 1);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, Errc::overloaded);
    first->reset();
    EXPECT_TRUE(OutputPages::create(&budget, "test", 8192).ok());
}

TEST(OutputBudget, IsUsedUpInFilesAndComesBack) {
    OutputBudget budget(1 << 20, 2);
    auto first = OutputPages::create(&budget, "test", 1), second = OutputPages::create(&budget, "test", 1);
    EXPECT_FALSE(OutputPages::create(&budget, "test", 1).ok());
    second->reset();
    EXPECT_TRUE(OutputPages::create(&budget, "test", 1).ok());
}

TEST(OutputPages, NeedNoBudget) {
    auto pages = OutputPages::create(nullptr, "test", 4096);
    ASSERT_TRUE(pages.ok());
    EXPECT_GE((*pages)->fd(), 0);
}

}  // namespace
}  // namespace inlay::run
