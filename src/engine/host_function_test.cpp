// Host functions: the Wasm signature follows from the C++ one, and arguments arrive whole.
#include "engine/host_function.hpp"

#include <gtest/gtest.h>

#include "engine/probe.hpp"

namespace inlay::engine {
namespace {

int32_t none(Probe&) noexcept { return 5; }
int32_t nine(Probe& state, uint32_t, uint64_t, uint32_t, uint64_t, uint32_t, uint64_t, uint32_t, uint32_t, uint64_t last) noexcept {
    state.second = last;
    return 9;
}

constexpr std::array<bool, kHostParametersMax> kWideOfMix{false, true, false, false};
constexpr std::array<bool, kHostParametersMax> kWideOfNine{false, true, false, true, false, true, false, false, true};

TEST(HostFunction, SignatureFollowsFromTheTypes) {
    constexpr auto of_mix = host_function<&mix>("mix");
    static_assert(of_mix.name == "mix" && of_mix.parameters == 4 && of_mix.is_i64 == kWideOfMix);
    constexpr auto of_nine = host_function<&nine>("nine");
    static_assert(of_nine.parameters == kHostParametersMax && of_nine.is_i64 == kWideOfNine);
    constexpr auto of_none = host_function<&none>("none");
    static_assert(of_none.parameters == 0);
    Probe state;
    EXPECT_EQ(of_none.call(&state, nullptr), 5);
}

TEST(HostFunction, TakesItsArgumentsFromTheFrontOfEachValue) {
    RawValue values[kHostParametersMax]{};
    values[8].i64 = UINT64_MAX;
    Probe state;
    EXPECT_EQ(host_function<&nine>("nine").call(&state, values), 9);
    EXPECT_EQ(state.second, UINT64_MAX);
    values[0].i64 = 0xffff'ffff'0000'0001;  // The upper half of an i32 is not said to be zero.
    values[1].i64 = uint64_t{1} << 63;
    EXPECT_EQ(host_function<&mix>("mix").call(&state, values), -7);
    EXPECT_EQ(state.first, 1u);
    EXPECT_EQ(state.second, uint64_t{1} << 63);
}

TEST(HostFunction, AGuestsArgumentsArriveWhole) {
    auto program = workshop().program(
        guest("(call $mix (i32.const -2) (i64.const -3) (i32.const 0x80000000) (i32.const 7))",
              R"((import "inlay" "mix" (func $mix (param i32 i64 i32 i32) (result i32))))"));
    Probe state;
    Instance instance(*program, kMemoryBytesDefault, &state);
    ASSERT_TRUE(instance.start().ok());
    EXPECT_EQ(std::get<int32_t>(instance.call_handle()), -7);
    EXPECT_EQ(state.first, 0xffff'fffeu);
    EXPECT_EQ(state.second, UINT64_MAX - 2);
    EXPECT_EQ(state.third, GuestPtr{0x8000'0000u});
    EXPECT_EQ(state.fourth, GuestLen{7});
}

TEST(HostFunction, ThatSaysSoStopsTheGuest) {
    auto program = workshop().program(guest("(drop (call $probe (i32.const 1))) (drop (call $probe (i32.const 2))) (i32.const 0)", kImportProbe));
    Probe state;
    int calls = 0;
    state.on_call = [&](uint32_t) { return ++calls == 1 ? kStopGuest : 0; };
    {
        Instance instance(*program, kMemoryBytesDefault, &state);
        ASSERT_TRUE(instance.start().ok());
        auto result = instance.call_handle();
        ASSERT_TRUE(std::holds_alternative<Trap>(result));
        EXPECT_EQ(std::get<Trap>(result).kind, TrapKind::stopped);
        EXPECT_EQ(calls, 1);
    }
    Instance next(*program, kMemoryBytesDefault, &state);
    ASSERT_TRUE(next.start().ok());
    EXPECT_EQ(std::get<int32_t>(next.call_handle()), 0);
}

}  // namespace
}  // namespace inlay::engine
