// A coarse clock is behind, but not far, never goes back, and hides where in a step it is.
#include "base/coarse_clock.hpp"

#include <gtest/gtest.h>

#include <set>

namespace inlay {
namespace {

constexpr uint64_t kStepNs = 1'000;

TEST(CoarseClock, IsLessThanTwoStepsBehindNeverAheadAndNeverGoesBack) {
    for (uint64_t seed : {0ull, 1ull, 0x123456789abcdefull}) {
        CoarseClock clock{kStepNs, seed};
        uint64_t before = 0;
        for (uint64_t now = 0; now < 100 * kStepNs; now++) {
            uint64_t told = clock.told(now);
            ASSERT_EQ(told % kStepNs, 0u);
            ASSERT_LE(told, now);
            ASSERT_LT(now - told, 2 * kStepNs);
            ASSERT_GE(told, before);
            before = told;
        }
        EXPECT_GE(before, 98 * kStepNs);
    }
}

// Where inside of each step it moves.
std::multiset<uint64_t> edges(const CoarseClock& clock, uint64_t steps) {
    std::multiset<uint64_t> found;
    for (uint64_t now = kStepNs; now < steps * kStepNs; now++)
        if (clock.told(now) != clock.told(now - 1)) found.insert(now % kStepNs);
    return found;
}

TEST(CoarseClock, MovesAnywhereInsideOfAStepForEachStepAnew) {
    constexpr uint64_t kSteps = 2'000;
    auto found = edges({kStepNs, 7}, kSteps);
    ASSERT_GE(found.size(), kSteps - 2);
    for (uint64_t tenth = 0; tenth < 10; tenth++) {
        auto begin = found.lower_bound(tenth * kStepNs / 10), end = found.lower_bound((tenth + 1) * kStepNs / 10);
        EXPECT_NEAR(static_cast<double>(std::distance(begin, end)), kSteps / 10., kSteps / 10. * 0.4) << tenth;
    }
}

TEST(CoarseClock, OnlyTheSeedTellsWhereItMoves) {
    EXPECT_EQ(edges({kStepNs, 7}, 100), edges({kStepNs, 7}, 100));
    EXPECT_NE(edges({kStepNs, 7}, 100), edges({kStepNs, 8}, 100));
}

TEST(CoarseClock, WithoutAResolutionIsTheClockAsItIs) {
    EXPECT_EQ((CoarseClock{0, 7}.told(123'456'789)), 123'456'789u);
    EXPECT_EQ((CoarseClock{1, 7}.told(123'456'789)), 123'456'789u);
}

}  // namespace
}  // namespace inlay
