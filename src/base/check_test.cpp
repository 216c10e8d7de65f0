// A broken condition ends the process and says which one; a true one costs nothing and does nothing.
#include "base/check.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include "base/result.hpp"

namespace inlay {
namespace {

TEST(CheckDeathTest, ABrokenConditionAbortsAndIsNamed) {
    EXPECT_EXIT(INLAY_CHECK(1 + 1 == 3), testing::KilledBySignal(SIGABRT), "check failed: 1 \\+ 1 == 3 \\(.*check_test.cpp:[0-9]+\\)");
}

TEST(CheckDeathTest, TheWrongHalfOfAResultIsABugOfOurs) {
    Result<int> good(1), bad(Error{Errc::internal, "x"});
    EXPECT_DEATH((void)good.error(), "check failed");
    EXPECT_DEATH((void)bad.value(), "check failed");
}

TEST(Check, LooksAtItsConditionOnce) {
    int looked = 0;
    INLAY_CHECK(++looked);
    EXPECT_EQ(looked, 1);
}

}  // namespace
}  // namespace inlay
