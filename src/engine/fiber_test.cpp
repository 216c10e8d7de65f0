// Fibers: guests that wait in the middle, several at once.
#include "engine/fiber.hpp"

#include <gtest/gtest.h>

#include <list>

#include "base/clock.hpp"
#include "engine/probe.hpp"
#include "engine/watchdog.hpp"
#include "os/memfd.hpp"

namespace inlay::engine {
namespace {

constexpr const char* kWaitOnce = "(call $wait (i32.const 7) (i64.const 8))";

// A fiber and what its host functions work on.
struct Running {
    explicit Running(const std::string& body, const std::string& before = kImportWait)
        : program(workshop().program(guest(body, before))), fiber(*program, kMemoryBytesDefault, &state) {}

    // Runs on; what it returned when it has ended.
    std::optional<int32_t> resume() {
        auto ended = fiber.resume();
        if (!ended) return std::nullopt;
        auto* code = ended->ok() ? std::get_if<int32_t>(&**ended) : nullptr;
        return code ? *code : -1000;
    }
    // The host function "wait" has its answer from now on.
    void let_go(int32_t answer) {
        state.on_wait = [answer](uint32_t, uint64_t) { return answer; };
    }

    Probe state{.on_wait = [](uint32_t, uint64_t) { return kWaitInHost; }};
    std::shared_ptr<const Program> program;
    Fiber fiber;
};

TEST(Fiber, RunsWhatNeverWaitsToItsEnd) {
    Running started("(i32.load (i32.const 16))", std::string(kImportWait) +
                                                     "(func (export \"_initialize\") (i32.store (i32.const 16) (i32.const 5)))");
    EXPECT_EQ(started.resume(), 5);
    Running trapped("unreachable");
    auto ended = trapped.fiber.resume();
    ASSERT_TRUE(ended && ended->ok());
    EXPECT_EQ(std::get<Trap>(**ended).kind, TrapKind::unreachable);
}

TEST(Fiber, AHostFunctionThatWaitsIsCalledAgainWithItsArgumentsUntilItHasAnAnswer) {
    Running one(std::string("(i32.add (i32.const 100) ") + kWaitOnce + ")");
    int calls = 0;
    one.state.on_wait = [&](uint32_t first, uint64_t second) {
        EXPECT_EQ(first, 7u);
        EXPECT_EQ(second, 8u);
        return ++calls < 4 ? kWaitInHost : 11;
    };
    for (int expected = 1; expected <= 3; expected++) {
        EXPECT_EQ(one.resume(), std::nullopt);
        EXPECT_EQ(calls, expected) << "once each time it is resumed";
    }
    EXPECT_EQ(one.resume(), 111);
}

TEST(Fiber, ManyWaitAtOnceAndEndInAnyOrderWhileOthersRun) {
    std::list<Running> all;
    for (int i = 0; i < 20; i++) EXPECT_EQ(all.emplace_back(kWaitOnce).resume(), std::nullopt);
    for (int i = 0; !all.empty(); i++) {
        auto one = i % 2 ? all.begin() : std::prev(all.end());
        one->let_go(i);
        EXPECT_EQ(RunningGuest(guest("(i32.const 9)")).run(), 9) << "an instance without a stack of its own";
        EXPECT_EQ(one->resume(), i);
        all.erase(one);
    }
}

TEST(Fiber, OneThatIsDroppedWhileItWaitsRunsNoFurther) {
    bool went_on = false;
    {
        Running one(std::string("(drop ") + kWaitOnce + ")(call $probe (i32.const 0))", std::string(kImportWait) + kImportProbe);
        one.state.on_call = [&](uint32_t) { return went_on = true; };
        EXPECT_EQ(one.resume(), std::nullopt);
    }
    EXPECT_FALSE(went_on);
}

TEST(Fiber, AStopEndsItAlsoAfterItHasWaited) {
    Running one(kWaitOnce);
    EXPECT_EQ(one.resume(), std::nullopt);
    one.let_go(kStopGuest);
    auto ended = one.fiber.resume();
    ASSERT_TRUE(ended && ended->ok());
    EXPECT_EQ(std::get<Trap>(**ended).kind, TrapKind::stopped);
}

TEST(Fiber, AnInterruptPutsItOffAndAnOlderOneCostsATurnAtMost) {
    Running spinning("(loop $again (br $again)) (i32.const 0)");
    for (int i = 0; i < 3; i++) {
        uint64_t begin_ns = monotonic_ns();
        Watchdog::begin(begin_ns + 3'000'000);
        EXPECT_EQ(spinning.resume(), std::nullopt);
        Watchdog::end();
        EXPECT_GE(monotonic_ns() - begin_ns, 2'900'000u);
    }
    for (int i = 0; i < 3; i++) {
        Watchdog::begin(monotonic_ns() - 1);
        EXPECT_EQ(spinning.resume(), std::nullopt) << "also where the interrupt came before it was resumed";
        Watchdog::end();
    }
    Running waiting(std::string("(local $i i32) (drop ") + kWaitOnce + ") (loop $again (br_if $again (i32.lt_u (local.tee $i "
                    "(i32.add (local.get $i) (i32.const 1))) (i32.const 1000)))) (local.get $i)");
    EXPECT_EQ(waiting.resume(), std::nullopt);
    workshop().worker().interrupt();
    waiting.let_go(0);
    auto ended = waiting.resume();
    if (!ended) ended = waiting.resume();
    EXPECT_EQ(ended, 1000);
}

TEST(Fiber, AFaultIsNotedWithTheOneThatRan) {
    auto file = os::create_memfd_of("fiber-test", std::string(70'000, 'x')).value();
    constexpr const char* kFill =
        "(drop (call $wait (i32.const 0) (i64.const 0))) (memory.fill (i32.const 65536) (i32.const 1) (i32.const 100)) (i32.const 3)";
    Running one(kFill), other(kFill);
    for (auto* running : {&one, &other}) {
        EXPECT_EQ(running->resume(), std::nullopt);
        ASSERT_TRUE(running->fiber.memory().place({file.get(), 0, 70'000}, os::Access::read, os::Sharing::private_).window);
    }
    one.let_go(0);
    EXPECT_EQ(one.resume(), 3) << "host code runs on over scratch pages";
    EXPECT_TRUE(one.fiber.memory().last_fault().in_host_code);
    EXPECT_EQ(other.fiber.memory().last_fault().kind, os::FaultKind::none);
    other.let_go(0);
    EXPECT_EQ(other.resume(), 3);
    EXPECT_TRUE(other.fiber.memory().last_fault().in_host_code);
}

TEST(Fiber, WithoutASlotOfThePoolThereIsNone) {
    std::list<Running> all;
    for (size_t i = 0; i < kPoolSlots; i++) EXPECT_EQ(all.emplace_back(kWaitOnce).resume(), std::nullopt);
    Running one_more(kWaitOnce);
    auto ended = one_more.fiber.resume();
    ASSERT_TRUE(ended && !ended->ok());
    EXPECT_EQ(ended->error().code, Errc::overloaded);
}

}  // namespace
}  // namespace inlay::engine
