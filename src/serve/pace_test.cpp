// Pace: who is slow but steady lives, who trickles does not, and only time that is waited counts.
#include "serve/pace.hpp"

#include <gtest/gtest.h>

namespace inlay::serve {
namespace {

constexpr uint64_t kWindowMs = 10'000, kRate = 100;  // 1,000 bytes in each window.

TEST(Pace, WhoMovesAsFastAsItMustLives) {
    Pace pace(kWindowMs, kRate);
    for (int i = 0; i < 100; i++) EXPECT_TRUE(pace.waited(1'000, 100)) << i;
}

TEST(Pace, WhoTricklesIsTooSlowAtTheWindowsEndAndNotBefore) {
    Pace pace(kWindowMs, kRate);
    for (int i = 0; i < 9; i++) EXPECT_TRUE(pace.waited(1'000, 99)) << i;
    EXPECT_EQ(pace.left_ms(), 1'000u) << "to the window's end";
    EXPECT_FALSE(pace.waited(1'000, 99));
}

TEST(Pace, WhoRestsAndThenHurriesLives) {
    Pace pace(kWindowMs, kRate);
    EXPECT_TRUE(pace.waited(9'999, 0));
    EXPECT_TRUE(pace.waited(1, 1'000));
    EXPECT_TRUE(pace.waited(5'000, 998));
    EXPECT_FALSE(pace.waited(5'000, 1)) << "what was moved before the window does not count";
}

TEST(Pace, WhoHasMovedMuchAndThenStandsStillIsGivenUpAWindowAfterIt) {
    Pace pace(kWindowMs, kRate);
    EXPECT_TRUE(pace.waited(6'000, 1'000'000));
    EXPECT_TRUE(pace.waited(9'000, 0));
    EXPECT_EQ(pace.left_ms(), 1'000u) << "to the end of its standing still";
    EXPECT_FALSE(pace.waited(1'000, 0));
}

TEST(Pace, WhoIsSeenToMoveInLargeStepsHasTimeForOne) {
    Pace pace(kWindowMs, kRate);
    pace.see_steps_of(5'000);
    EXPECT_TRUE(pace.waited(49'000, 0)) << "50 s for 5,000 bytes";
    EXPECT_TRUE(pace.waited(1'000, 5'000));
    EXPECT_TRUE(pace.waited(49'999, 0));
    EXPECT_FALSE(pace.waited(1, 0));
    pace.begin();
    EXPECT_FALSE(pace.waited(kWindowMs, 0)) << "another reply";
}

TEST(Pace, NoStepIsAnExcuseForMoreThanSoManyWindows) {
    Pace pace(kWindowMs, kRate);
    pace.see_steps_of(uint64_t{1} << 40);
    EXPECT_TRUE(pace.waited(kStallTimeoutsMax * kWindowMs - 1, 0));
    EXPECT_FALSE(pace.waited(1, 0));
}

TEST(Pace, WithoutARateOneByteIsEnough) {
    Pace pace(kWindowMs, 0);
    EXPECT_TRUE(pace.waited(kWindowMs, 1));
    EXPECT_FALSE(pace.waited(kWindowMs, 0));
}

TEST(Pace, ItIsLookedAtSeveralTimesInAWindow) {
    EXPECT_LT(Pace(kWindowMs, kRate).left_ms(), kWindowMs / 4);
    EXPECT_EQ(Pace(1, kRate).left_ms(), 1u) << "never at once";
}

TEST(Pace, TimeThatIsNotWaitedDoesNotCount) {
    Pace pace(kWindowMs, kRate);
    for (int i = 0; i < 100'000; i++) EXPECT_TRUE(pace.waited(0, 1));
    EXPECT_EQ(pace.left_ms(), Pace(kWindowMs, kRate).left_ms());
}

TEST(Pace, ANewBeginningForgetsWhatWas) {
    Pace pace(kWindowMs, kRate);
    EXPECT_TRUE(pace.waited(9'000, 0));
    pace.begin();
    EXPECT_TRUE(pace.waited(9'000, 0));
}

}  // namespace
}  // namespace inlay::serve
