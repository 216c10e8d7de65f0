// When memory is short, and when there is enough to take more.
#include "control/memory_watch.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace inlay::control {
namespace {

constexpr uint64_t kLimit = 1600;

class MemoryWatchTest : public testing::Test {
  protected:
    // One look, half a second after the one before.
    bool looks_short(uint64_t left, uint64_t stalled_us = 0) { return watch_.is_short({left, kLimit, stalled_us_ += stalled_us}, now_ms_ += kMemoryLookMs); }

    MemoryWatch watch_;
    uint64_t now_ms_ = 1;
    uint64_t stalled_us_ = 1'000'000'000;  // Of before: counts for nothing.
};

constexpr uint64_t kMuchStalledUs = kMemoryLookMs * 1'000 / kMemoryStallShare;

TEST_F(MemoryWatchTest, ItIsShortWhenLittleIsLeft) {
    EXPECT_FALSE(looks_short(kLimit / kMemorySpareShare));
    EXPECT_TRUE(looks_short(kLimit / kMemorySpareShare - 1));
}

TEST_F(MemoryWatchTest, WaitsMakeItShortWhereNotMuchIsLeft) {
    uint64_t not_much = kLimit / kMemoryAmpleShare - 1;
    EXPECT_FALSE(looks_short(not_much)) << "the first look has nothing to compare with";
    EXPECT_FALSE(looks_short(not_much, kMuchStalledUs - 1));
    EXPECT_TRUE(looks_short(not_much, kMuchStalledUs));
    EXPECT_FALSE(looks_short(not_much, 0));
}

TEST_F(MemoryWatchTest, WaitsOfOthersAreNoSignWhereThereIsEnough) {
    looks_short(kLimit);
    EXPECT_FALSE(looks_short(kLimit / kMemoryAmpleShare, 10 * kMuchStalledUs));
}

TEST_F(MemoryWatchTest, NothingIsTakenBeforeALookNorWhatWouldLeaveNotMuch) {
    EXPECT_FALSE(watch_.has_ample(1, now_ms_));
    looks_short(kLimit);
    EXPECT_TRUE(watch_.has_ample(kLimit - kLimit / kMemoryAmpleShare, now_ms_));
    EXPECT_FALSE(watch_.has_ample(kLimit - kLimit / kMemoryAmpleShare + 1, now_ms_));
    EXPECT_FALSE(watch_.has_ample(kLimit + 1, now_ms_));
}

TEST_F(MemoryWatchTest, AfterItWasShortNothingIsTakenForAWhile) {
    looks_short(1);
    uint64_t then_ms = now_ms_;
    looks_short(kLimit);
    EXPECT_FALSE(watch_.has_ample(1, then_ms + kHotIdleMs - 1));
    EXPECT_TRUE(watch_.has_ample(1, then_ms + kHotIdleMs));
}

TEST_F(MemoryWatchTest, AMachineThatTellsNothingIsNeverShort) {
    EXPECT_FALSE(watch_.is_short({}, 1));
    EXPECT_FALSE(watch_.is_short({}, 2));
    EXPECT_FALSE(watch_.has_ample(1, 2));
}

}  // namespace
}  // namespace inlay::control
