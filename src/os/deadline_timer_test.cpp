// The deadline timer: fires once, at its time, and only when armed.
#include "os/deadline_timer.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>

#include "base/clock.hpp"

namespace inlay::os {
namespace {

constexpr uint64_t kMs = 1'000'000;
volatile int fired = 0;
volatile uint64_t first_fired_ns = 0;

void note() {
    if (fired == 0) first_fired_ns = monotonic_ns();
    fired = fired + 1;
}

void sleep_ms(unsigned ms) {
    uint64_t end = monotonic_ns() + ms * kMs;
    while (monotonic_ns() < end) ::usleep(1000);  // Signals end it early.
}

class DeadlineTimerTest : public testing::Test {
  protected:
    DeadlineTimerTest() { fired = 0; }
    DeadlineTimer timer_ = DeadlineTimer::create(DeadlineTimer::Kind::guest, note).value();
};

TEST_F(DeadlineTimerTest, FiresAtItsTimeAndAgainUntilItEnds) {
    uint64_t deadline = monotonic_ns() + 30 * kMs;
    timer_.begin(deadline);
    sleep_ms(150);
    timer_.end();
    int until_the_end = fired;
    EXPECT_GT(until_the_end, 1);
    sleep_ms(30);
    EXPECT_EQ(fired, until_the_end);
    EXPECT_GE(first_fired_ns, deadline);
}

TEST_F(DeadlineTimerTest, TwoOfDifferentKindsDoNotKnowEachOther) {
    static volatile int others = 0;
    auto other = DeadlineTimer::create(DeadlineTimer::Kind::process, [] { others = others + 1; }).value();
    other.begin(monotonic_ns() + 10'000 * kMs);
    timer_.begin(monotonic_ns() + 10 * kMs);
    sleep_ms(40);
    timer_.end();
    EXPECT_GT(fired, 0);
    EXPECT_EQ(others, 0);
    other.begin(monotonic_ns() + 10 * kMs);
    sleep_ms(40);
    other.end();
    EXPECT_GT(others, 0);
}

TEST_F(DeadlineTimerTest, DoesNotFireWhenNothingRuns) {
    sleep_ms(20);
    EXPECT_EQ(fired, 0);
}

TEST_F(DeadlineTimerTest, ALaterDeadlineReplacesAnEarlierOne) {
    timer_.begin(monotonic_ns() + 10'000 * kMs);
    timer_.begin(monotonic_ns() + 10 * kMs);
    sleep_ms(60);
    EXPECT_GT(fired, 0);
    fired = 0;
    timer_.begin(monotonic_ns() + 10'000 * kMs);
    sleep_ms(60);
    EXPECT_EQ(fired, 0);
}

TEST_F(DeadlineTimerTest, WhatHasEndedDoesNotExpireAndWhatFollowsDoesAtItsOwnTime) {
    timer_.begin(monotonic_ns() + 20 * kMs);
    timer_.end();
    uint64_t deadline = monotonic_ns() + 60 * kMs;
    timer_.begin(deadline);
    sleep_ms(150);
    timer_.end();
    EXPECT_GT(fired, 0);
    EXPECT_GE(first_fired_ns, deadline);
    fired = 0;
    timer_.begin(monotonic_ns() + 10 * kMs);
    timer_.end();
    sleep_ms(40);
    EXPECT_EQ(fired, 0);
}

TEST_F(DeadlineTimerTest, ADeadlineInThePastFiresAtOnce) {
    timer_.begin(1);
    sleep_ms(20);
    EXPECT_GT(fired, 0);
}

TEST_F(DeadlineTimerTest, IsGoneWithItsOwner) {
    std::optional<DeadlineTimer> moved(std::move(timer_));
    moved->begin(monotonic_ns() + 20 * kMs);
    moved.reset();
    sleep_ms(60);
    EXPECT_EQ(fired, 0);
}

TEST_F(DeadlineTimerTest, KeepsErrnoOfWhatItInterrupts) {
    errno = EXDEV;
    timer_.begin(monotonic_ns() + 1 * kMs);
    uint64_t end = monotonic_ns() + 30 * kMs;
    while (fired == 0 && monotonic_ns() < end) {}
    EXPECT_EQ(errno, EXDEV);
    EXPECT_GT(fired, 0);
}

}  // namespace
}  // namespace inlay::os
