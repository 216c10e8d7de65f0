// Instances: each begins fresh, however the one before it ended, and every end has its name.
#include "engine/instance.hpp"

#include <gtest/gtest.h>

#include "engine/probe.hpp"
#include "os/memfd.hpp"

namespace inlay::engine {
namespace {

constexpr size_t kMoreThanThePool = 2 * kPoolSlots + 50;

// Runs inlay_handle of a fresh instance.
CallResult run_once(const Program& program) {
    Probe state;
    Instance instance(program, kMemoryBytesDefault, &state);
    auto started = instance.start();
    INLAY_CHECK(started.ok());
    if (started->has_value()) return **started;
    return instance.call_handle();
}

Trap trap_of(const std::string& body, const std::string& before = "") {
    auto result = run_once(*workshop().program(guest(body, before)));
    return std::holds_alternative<Trap>(result) ? std::get<Trap>(result) : Trap{TrapKind::other, "returned", ""};
}

// Returns the sum of all words of memory and of a global, and leaves none of them zero.
constexpr const char* kDirty = R"((module (memory (export "memory") 2) (global $g (mut i32) (i32.const 0))
  (func (export "inlay_handle") (result i32) (local $i i32) (local $sum i32)
    (local.set $sum (global.get $g)) (global.set $g (i32.const 1))
    (loop $l
      (local.set $sum (i32.or (local.get $sum) (i32.load (local.get $i))))
      (i32.store (local.get $i) (i32.const -1))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4096))) (i32.const 0x20000))))
    (local.get $sum))))";

TEST(Instance, BeginsWithZerosWhateverTheLastOneWrote) {
    auto program = workshop().program(kDirty);
    for (size_t i = 0; i < kMoreThanThePool; i++) ASSERT_EQ(std::get<int32_t>(run_once(*program)), 0) << i;
}

TEST(Instance, BeginsWithItsDataWhateverTheLastOneWroteAndMapped) {
    auto program = workshop().program(
        guest("(i32.load8_u (i32.const 4096)) (i32.store8 (i32.const 4096) (i32.const 1)) (drop (memory.grow (i32.const 1)))",
              R"((data (i32.const 4096) "x"))"));
    auto file = os::create_memfd("instance-test", 3 * MiB).value();
    for (size_t i = 0; i < kMoreThanThePool; i++) {
        Probe state;
        Instance instance(*program, kMemoryBytesDefault, &state);
        ASSERT_TRUE(instance.start().ok());
        auto window = instance.memory().place({file.get(), 0, 3 * MiB}, os::Access::read_write, os::Sharing::shared).window;
        ASSERT_TRUE(window);
        instance.memory().base()[window->offset] = 1;
        ASSERT_EQ(std::get<int32_t>(instance.call_handle()), 'x') << i;
    }
}

TEST(Instance, BeginsWithItsTablesWhateverTheLastOneSet) {
    // Counts the elements that are set, then sets them all; the table's last one too, which lies far behind the others.
    std::string count = "(i32.const 0)";
    std::string set;
    for (int i : {0, 1, 2047, 2048, 19'999}) {
        std::string at = "(i32.const " + std::to_string(i) + ")";
        count = "(i32.add " + count + " (i32.eqz (ref.is_null (table.get " + at + "))))";
        set += "(table.set " + at + " (ref.func $f))";
    }
    auto program = workshop().program(guest(count + set, "(table 20000 funcref) (func $f) (elem declare func $f)"));
    for (size_t i = 0; i < kMoreThanThePool; i++) ASSERT_EQ(std::get<int32_t>(run_once(*program)), 0) << i;
}

TEST(Instance, MemoryThatWindowsLayInIsZeroForTheNextOne) {
    // Grows by 4 MiB and returns what any of its pages holds.
    auto program = workshop().program(guest(R"((local $i i32) (local $sum i32)
        (drop (memory.grow (i32.const 64)))
        (loop $l
          (local.set $sum (i32.or (local.get $sum) (i32.load (local.get $i))))
          (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4096))) (i32.const 0x410000))))
        (local.get $sum))"));
    auto file = os::create_memfd_of("instance-test", std::string(100'000, 'x')).value();
    for (size_t i = 0; i < kMoreThanThePool; i++) {
        ASSERT_EQ(std::get<int32_t>(run_once(*program)), 0) << i;
        Probe state;
        Instance instance(*program, kMemoryBytesDefault, &state);
        ASSERT_TRUE(instance.start().ok());
        ASSERT_TRUE(instance.memory().place({file.get(), 0, 100'000}, os::Access::read, os::Sharing::private_).window);
        auto plain = instance.memory().place_plain(5000).window;
        ASSERT_TRUE(plain);
        instance.memory().base()[plain->offset] = 'x';
    }
}

TEST(Instance, TrapsAreNamedByKind) {
    EXPECT_EQ(trap_of("unreachable").kind, TrapKind::unreachable);
    EXPECT_EQ(trap_of("(i32.load (i32.const 0x10000))").kind, TrapKind::out_of_bounds);
    EXPECT_EQ(trap_of("(i32.load (i32.const -1))").kind, TrapKind::out_of_bounds);
    EXPECT_EQ(trap_of("(memory.fill (i32.const 1) (i32.const 0) (i32.const 0x10000)) (i32.const 0)").kind, TrapKind::out_of_bounds);
    EXPECT_EQ(trap_of("(call $f)", "(func $f (result i32) (i32.add (call $f) (i32.const 1)))").kind, TrapKind::stack_overflow);
    EXPECT_EQ(trap_of("(i32.div_u (i32.const 1) (i32.const 0))").reason, "integer division by zero");
    EXPECT_EQ(trap_of("(i32.div_s (i32.const 0x80000000) (i32.const -1))").reason, "integer overflow");
    EXPECT_EQ(trap_of("(i32.trunc_f32_s (f32.const nan))").reason, "bad conversion to integer");
    EXPECT_EQ(trap_of("(call_indirect (result i32) (i32.const 0))", "(table 1 funcref)").reason, "indirect call to null");
    EXPECT_EQ(trap_of("(call_indirect (result i32) (i32.const 9))", "(table 1 funcref)").reason, "out-of-bounds table access");
    EXPECT_EQ(trap_of("(call_indirect (result i32) (i32.const 0))", "(table funcref (elem $f)) (func $f)").reason,
              "indirect call of another type");
}

TEST(Instance, ATrapCarriesTheGuestsBacktrace) {
    auto trap = trap_of("(call $deep)", "(func $deep (result i32) unreachable)");
    EXPECT_NE(trap.message.find("deep"), std::string::npos) << trap.message;
}

TEST(Instance, GoesOnAfterAnothersTrap) {
    auto program = workshop().program(guest("(i32.const 3)"));
    for (int i = 0; i < 20; i++) {
        EXPECT_EQ(trap_of("(i32.load (i32.const -1))").kind, TrapKind::out_of_bounds);
        EXPECT_EQ(std::get<int32_t>(run_once(*program)), 3);
    }
}

TEST(Instance, RunsItsStartFunctionAndThenItsInitializer) {
    auto program = workshop().program(R"((module (memory (export "memory") 1) (global $g (mut i32) (i32.const 1))
        (func $start (global.set $g (i32.mul (global.get $g) (i32.const 10))))
        (func (export "_initialize") (global.set $g (i32.add (global.get $g) (i32.const 5))))
        (start $start)
        (func (export "inlay_handle") (result i32) (global.get $g))))");
    EXPECT_EQ(std::get<int32_t>(run_once(*program)), 15);
}

TEST(Instance, TrapsOfStartAndInitializerAreTrapsOfTheGuest) {
    auto start = run_once(*workshop().program(guest("(i32.const 0)", "(func $s unreachable) (start $s)")));
    ASSERT_TRUE(std::holds_alternative<Trap>(start));
    EXPECT_EQ(std::get<Trap>(start).kind, TrapKind::unreachable);
    auto initializer = run_once(*workshop().program(guest("(i32.const 0)", "(func (export \"_initialize\") unreachable)")));
    ASSERT_TRUE(std::holds_alternative<Trap>(initializer));
    EXPECT_EQ(std::get<Trap>(initializer).kind, TrapKind::unreachable);
    auto data = run_once(*workshop().program(guest("(i32.const 0)", R"((data (i32.const 65536) "x"))")));
    ASSERT_TRUE(std::holds_alternative<Trap>(data));
    EXPECT_EQ(std::get<Trap>(data).kind, TrapKind::out_of_bounds);
}

TEST(Instance, MemoryIsOutOfReachUntilTheStartFunctionIsOver) {
    auto program = workshop().program(guest("(call $probe (i32.const 2))", std::string(kImportProbe) +
                                            "(func $s (drop (call $probe (i32.const 1)))) (start $s)"));
    Probe state;
    Instance instance(*program, kMemoryBytesDefault, &state);
    std::vector<bool> reached;
    state.on_call = [&](uint32_t) { return reached.push_back(instance.memory().bytes(GuestPtr{0}, GuestLen{1}).has_value()), 0; };
    ASSERT_TRUE(instance.start().ok());
    (void)instance.call_handle();
    EXPECT_EQ(reached, (std::vector{false, true}));
}

// Grows by `pages`; returns what memory.grow returned.
std::string growing(uint64_t pages) { return guest("(memory.grow (i32.const " + std::to_string(pages) + "))"); }

TEST(Instance, AGuestGrowsToItsOwnLimitAndNoFurther) {
    EXPECT_EQ(RunningGuest(growing(15), 1 * MiB).run(), 1);
    EXPECT_EQ(RunningGuest(growing(16), 1 * MiB).run(), -1);
}

TEST(Instance, WhatTheHostGrewIsNotTheGuestsToUse) {
    auto file = os::create_memfd("instance-test", 1 * GiB).value();
    for (auto [pages, granted] : {std::pair{15u, true}, std::pair{16u, false}}) {
        RunningGuest running(growing(pages), 1 * MiB);
        ASSERT_TRUE(running.memory().place({file.get(), 0, 64 * KiB}, os::Access::read, os::Sharing::private_).window);
        auto large = running.memory().place({file.get(), 0, 1 * GiB}, os::Access::read, os::Sharing::private_).window;
        ASSERT_TRUE(large && running.memory().remove(large->area));
        EXPECT_EQ(running.run() >= 0, granted) << pages;
    }
}

TEST(Instance, IsRefusedWhenThePoolIsEmptyAndMadeAgainWhenItIsNot) {
    auto program = workshop().program(guest("(i32.const 0)"));
    Probe state;
    std::vector<std::unique_ptr<Instance>> alive;
    for (size_t i = 0; i < kPoolSlots; i++) {
        alive.push_back(std::make_unique<Instance>(*program, kMemoryBytesDefault, &state));
        ASSERT_TRUE(alive.back()->start().ok()) << i;
    }
    {
        Instance refused(*program, kMemoryBytesDefault, &state);
        auto started = refused.start();
        ASSERT_FALSE(started.ok());
        EXPECT_EQ(started.error().code, Errc::overloaded);
    }
    alive.pop_back();
    Instance again(*program, kMemoryBytesDefault, &state);
    EXPECT_TRUE(again.start().ok());
}

TEST(Instance, ATrapIsToldWithTheFunctionItWasIn) {
    EXPECT_EQ(trap_of("(call $deep)", "(func $deep (result i32) unreachable)").reason, "unreachable instruction in deep");
    EXPECT_EQ(trap_of("unreachable").reason, "unreachable instruction");
}

}  // namespace
}  // namespace inlay::engine
