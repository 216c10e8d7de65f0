// The watchdog: ends what runs past its deadline, and nothing else.
#include "engine/watchdog.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "base/clock.hpp"
#include "engine/probe.hpp"

namespace inlay::engine {
namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kLateMs = 400;  // What a busy machine may add.
const std::string kSpin = guest("(loop $l (br $l)) (i32.const 0)");
// Long enough to meet many checks, far shorter than any deadline here.
const std::string kShort = guest("(local $i i32) (loop $l (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) "
                                 "(i32.const 100000)))) (i32.const 0)");

// Spins under this deadline; returns after how many ms it ended, with its trap.
std::pair<uint64_t, Trap> spin(uint64_t deadline_ms) {
    RunningGuest warm(kShort);
    auto program = workshop().program(kSpin);
    Probe state;
    Instance instance(*program, kMemoryBytesDefault, &state);
    INLAY_CHECK(instance.start().ok());
    uint64_t begin = monotonic_ns();
    Watchdog::begin(begin + deadline_ms * kMs);
    auto result = instance.call_handle();
    Watchdog::end();
    return {(monotonic_ns() - begin) / kMs, std::get<Trap>(result)};
}

TEST(Watchdog, ASpinningGuestEndsNearItsDeadline) {
    auto [ms, trap] = spin(60);
    EXPECT_EQ(trap.kind, TrapKind::interrupted);
    EXPECT_EQ(trap.reason, "deadline passed");
    EXPECT_GE(ms, 60u);
    EXPECT_LT(ms, 60 + kLateMs);
}

TEST(Watchdog, ADeadlineInThePastEndsTheGuestAtOnce) {
    auto program = workshop().program(kSpin);
    Probe state;
    Instance instance(*program, kMemoryBytesDefault, &state);
    ASSERT_TRUE(instance.start().ok());
    uint64_t begin = monotonic_ns();
    Watchdog::begin(begin - 1000 * kMs);
    auto result = instance.call_handle();
    Watchdog::end();
    EXPECT_TRUE(std::holds_alternative<Trap>(result));
    EXPECT_LT(monotonic_ns() - begin, kLateMs * kMs);
}

TEST(Watchdog, ATimerArmedForAnEarlierCallIsArmedAgain) {
    RunningGuest first(kShort);
    Watchdog::begin(monotonic_ns() + 30 * kMs);
    EXPECT_EQ(first.run(), 0);
    Watchdog::end();
    auto [ms, trap] = spin(150);  // The timer still stands at 30 ms.
    EXPECT_EQ(trap.kind, TrapKind::interrupted);
    EXPECT_GE(ms, 150u);
    EXPECT_LT(ms, 150 + kLateMs);
}

TEST(Watchdog, AnEarlierDeadlineReplacesALaterOne) {
    Watchdog::begin(monotonic_ns() + 60'000 * kMs);
    Watchdog::end();
    auto [ms, trap] = spin(40);
    EXPECT_EQ(trap.kind, TrapKind::interrupted);
    EXPECT_LT(ms, 40 + kLateMs);
}

TEST(Watchdog, NothingFiresWhileNothingRuns) {
    RunningGuest waiting(kShort);
    Watchdog::begin(monotonic_ns() + 20 * kMs);
    Watchdog::end();
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    // An interrupt while idle would have aged this instance past its only check.
    EXPECT_EQ(waiting.run(), 0);
}

TEST(Watchdog, OneDeadlineAfterTheOther) {
    for (int i = 0; i < 5; i++) EXPECT_EQ(spin(20).second.kind, TrapKind::interrupted) << i;
    RunningGuest after(kShort);
    Watchdog::begin(monotonic_ns() + 60'000 * kMs);
    EXPECT_EQ(after.run(), 0);
    Watchdog::end();
}

}  // namespace
}  // namespace inlay::engine
