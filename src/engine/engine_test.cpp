// The engine: its key and its interrupt.
#include "engine/engine.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "engine/probe.hpp"
#include "os/processor.hpp"

namespace inlay::engine {
namespace {

TEST(Engine, KeyNamesVersionSettingsAndProcessor) {
    std::string key = Engine::compiled_key();
    EXPECT_NE(key, Engine::compiled_key(Checks::none)) << "code that is not interchangeable";
    EXPECT_EQ(key.find("wasmtime-48."), 0u) << key;
    EXPECT_NE(key.find("-s"), std::string::npos) << key;
    EXPECT_TRUE(key.ends_with(os::processor_features_digest())) << key;
    EXPECT_EQ(key.find_first_of("/ "), std::string::npos) << "part of a file name: " << key;
}

TEST(Engine, LeavesMostMappingsOfItsProcessToWindows) {
    workshop();
    std::ifstream maps("/proc/self/maps");
    auto count = std::count(std::istreambuf_iterator<char>(maps), {}, '\n');
    EXPECT_LT(static_cast<size_t>(count), 5 * kPoolSlots) << "a worker's engine and a compiler's";
}

TEST(Engine, InterruptEndsTheRunningGuest) {
    auto program = workshop().program(guest("(drop (call $probe (i32.const 0))) (loop $l (br $l)) (i32.const 0)", kImportProbe));
    Probe state{.on_call = [](uint32_t) { return workshop().worker().interrupt(), 0; }};
    Instance instance(*program, kMemoryBytesDefault, &state);
    ASSERT_TRUE(instance.start().ok());
    auto result = instance.call_handle();
    ASSERT_TRUE(std::holds_alternative<Trap>(result));
    EXPECT_EQ(std::get<Trap>(result).kind, TrapKind::interrupted);
}

TEST(Engine, AnInterruptOfTheLastGuestDoesNotReachTheNext) {
    workshop().worker().interrupt();
    RunningGuest next(guest("(local $i i32) (loop $l (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) "
                            "(i32.const 1000)))) (local.get $i)"));
    EXPECT_EQ(next.run(), 1000);
}

TEST(Engine, HostFunctionsGetTheStateOfTheirInstance) {
    RunningGuest a(guest("(call $probe (i32.const 1))", kImportProbe)), b(guest("(call $probe (i32.const 2))", kImportProbe));
    auto twice = [](uint32_t n) { return static_cast<int32_t>(2 * n); };
    auto negated = [](uint32_t n) { return -static_cast<int32_t>(n); };
    EXPECT_EQ(a.run(twice), 2);
    EXPECT_EQ(b.run(negated), -2);
}

}  // namespace
}  // namespace inlay::engine
