// WASI: arguments, clocks, randomness, waiting and the end, as a guest meets them.
#include <gtest/gtest.h>

#include "run/trial.hpp"
#include "run/wasi.hpp"

namespace inlay::run::wasi {
namespace {

constexpr uint32_t kBeyond = 65536, kOut = 16, kAsked = 1024, kTold = 2048;

std::string wait_for(uint32_t clock, uint64_t timeout_ns, int flags = 0) {
    auto store = [](uint32_t at, uint64_t value) { return "(i64.store (i32.const " + std::to_string(kAsked + at) + ") (i64.const " + std::to_string(value) + "))"; };
    return store(8, kEventClock) + store(16, clock) + store(24, timeout_ns) + store(40, static_cast<uint64_t>(flags)) + call("poll_oneoff", {kAsked, kTold, 1, kOut});
}

TEST(WasiProcess, EveryErrorHasItsCode) {
    struct Case {
        const char* claim;
        std::string call;
        int32_t code;
    };
    const Case cases[] = {
        {"args_get: beyond", call("args_get", {kBeyond, 64}), kFault},
        {"args_sizes_get: beyond", call("args_sizes_get", {kBeyond - 3, 64}), kFault},
        {"environ_sizes_get: beyond", call("environ_sizes_get", {64, kBeyond - 3}), kFault},
        {"clock_res_get: none", call("clock_res_get", {4, kOut}), kInval},
        {"clock_time_get: none", call("clock_time_get", {4, 0, kOut}), kInval},
        {"clock_time_get: beyond", call("clock_time_get", {1, 0, kBeyond - 7}), kFault},
        {"random_get: too much", call("random_get", {0, kWasiRandomBytesMax + 1}), kInval},
        {"random_get: beyond", call("random_get", {kBeyond - 9, 10}), kFault},
        {"random_get: wraps", call("random_get", {-1, 10}), kFault},
        {"random_get: all of memory", call("random_get", {0, kBeyond}), kSuccess},
        {"poll_oneoff: nothing", call("poll_oneoff", {kAsked, kTold, 0, kOut}), kInval},
        {"poll_oneoff: too many", call("poll_oneoff", {kAsked, kTold, kWasiSubscriptionsMax + 1, kOut}), kInval},
        {"poll_oneoff: count wraps", call("poll_oneoff", {kAsked, kTold, -1, kOut}), kInval},
        {"poll_oneoff: beyond", call("poll_oneoff", {kBeyond - 47, kTold, 1, kOut}), kFault},
        {"proc_raise", call("proc_raise", {6}), kNotsup},
        {"sched_yield", call("sched_yield", {}), kSuccess},
        {"sock_accept: a stream", call("sock_accept", {0, 0, kOut}), kNotsock},
        {"sock_recv: nothing", call("sock_recv", {9, 0, 0, 0, kOut, kOut}), kBadf},
        {"sock_send: a stream", call("sock_send", {1, 0, 0, 0, kOut}), kNotsock},
        {"sock_shutdown: nothing", call("sock_shutdown", {-1, 0}), kBadf},
    };
    for (const auto& [claim, body, code] : cases) {
        Trial trial;
        EXPECT_EQ(trial.code(body), code) << claim;
    }
}

TEST(WasiProcess, ALimitThatWasMetIsTold) {
    Trial trial;
    auto outcome = trial.run(call("random_get", {0, kWasiRandomBytesMax + 1}));
    ASSERT_TRUE(std::holds_alternative<Failed>(outcome.how));
    EXPECT_NE(std::get<Failed>(outcome.how).limit_met.find("kWasiRandomBytesMax"), std::string::npos);
}

TEST(WasiProcess, ItsEndIsWhatItSays) {
    Trial trial;
    EXPECT_EQ(trial.code("(call $proc_exit (i32.const 7)) unreachable"), 7);
    EXPECT_EQ(trial.code("(call $proc_exit (i32.const 0)) unreachable"), 0);
    EXPECT_EQ(trial.code("(call $proc_exit (i32.const 0x80000000)) unreachable"), INT32_MIN);
}

TEST(WasiProcess, SleepsInALane) {
    Trial trial;
    trial.terms.place = Place::lane;
    const uint64_t before = monotonic_ns();
    EXPECT_EQ(trial.code(wait_for(1, 30'000'000)), kSuccess);
    EXPECT_GE(monotonic_ns() - before, 30'000'000u);
}

TEST(WasiProcess, AWorkerDoesNotSleep) {
    Trial trial;
    trial.terms.place = Place::express;
    EXPECT_TRUE(std::holds_alternative<Unfinished>(trial.run(wait_for(1, 30'000'000)).how)) << "it begins again in a lane";
    EXPECT_TRUE(std::holds_alternative<Completed>(trial.run(wait_for(1, 0)).how)) << "no time is none to wait";
    EXPECT_TRUE(std::holds_alternative<Completed>(trial.run(wait_for(1, 500'000'000, 1)).how)) << "an absolute time long ago";
    trial.terms.place = Place::inline_;
    EXPECT_EQ(trial.code(wait_for(1, 30'000'000)), kNotsup);
}

TEST(WasiProcess, AnErrorOfOneEventIsTheEvents) {
    Trial trial;
    EXPECT_EQ(trial.code("(drop " + wait_for(9, 30'000'000) + ")(i32.load16_u (i32.const 2056))"), kInval);
}

TEST(WasiProcess, ClocksMoveInTheStepsOfTheDeploy) {
    Trial trial;
    trial.terms.clock.resolution_ns = 5'000'000;
    EXPECT_EQ(trial.code(then("clock_res_get", {1, kOut}) + word_at(kOut)), 5'000'000);
    EXPECT_EQ(trial.code(then("clock_time_get", {0, 0, kOut}) + "(i32.wrap_i64 (i64.rem_u (i64.load (i32.const 16)) (i64.const 5000000)))"), 0);
}

}  // namespace
}  // namespace inlay::run::wasi
