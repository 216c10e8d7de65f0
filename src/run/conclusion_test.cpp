// Conclusions: what a client hears of how its function ended. What only a run shows: executor_test.
#include "run/conclusion.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "run/trial.hpp"

namespace inlay::run {
namespace {

TEST(Conclusion, OfATimeoutSaysHowLongAndWhatToDo) {
    store::FunctionRecord record;
    record.name = "slow";
    record.limits.timeout_ms = 70;
    record.limits.cpu_ms = 7;
    EXPECT_NE(over_cpu_error(record).detail.find("\"slow\" used the processor for 7 ms, its cpu_ms"), std::string::npos);
    auto error = timed_out_error(record);
    EXPECT_EQ(error.code, Errc::function_timed_out);
    EXPECT_NE(error.detail.find("\"slow\" ran for 70 ms"), std::string::npos) << error.detail;
    EXPECT_NE(error.detail.find("--timeout"), std::string::npos);
}

TEST(Conclusion, NamesTheFunctionAndTheInvocationOnlyWithLogLines) {
    Trial trial;
    EXPECT_EQ(trial.run("(i32.const 0)").log.invocation, "");
    auto trapped = trial.run("unreachable");
    EXPECT_EQ(trapped.log.function, "trial");
    EXPECT_EQ(trapped.log.invocation, "0000000000000abc");
}

TEST(Conclusion, NamesTheLimitThatACallMet) {
    OutputBudget little(4096, 10);
    struct {
        std::string call;
        std::string limit;
    } cases[] = {
        {call("send", {0, kRangesMax + 1}), "kRangesMax = 1024"},
        {call("respond", {0, kRangesMax + 1}), "kRangesMax = 1024"},
        {call("random", {0, kRandomBytesMax + 1}), "kRandomBytesMax = 65536"},
        {call("header", {0, 9000, 0, 1}), "kResponseHeaderBytesMax = 8192"},
        {call("output", {kOutputBytesMax + 1, 16}), "output_bytes = 2147483648"},
        {call("output", {8192, 16}), "the memory for outputs of this worker is in use: retry later"},
    };
    for (const auto& one : cases) {
        Trial trial;
        trial.outputs = &little;
        auto failed = trial.run(one.call);
        EXPECT_EQ(std::get<Failed>(failed.how).code, INLAY_E_LIMIT);
        EXPECT_EQ(std::get<Failed>(failed.how).limit_met, one.limit);
        EXPECT_EQ(failed.log.lines.at(0).text, "met a limit: " + one.limit);
        auto trapped = trial.run("(drop " + one.call + ") unreachable");
        EXPECT_NE(std::get<Trapped>(trapped.how).error.detail.find(", after it had met a limit: " + one.limit), std::string::npos);
        auto completed = trial.run("(drop " + one.call + ") (i32.const 0)");
        EXPECT_EQ(completed.log.lines.at(0).text, "met a limit: " + one.limit) << "also of one that goes on without";
    }
}

// What a guest can have of a limit is what its function was deployed with, to the last one, and the client hears how to get more.
TEST(Conclusion, NamesTheLimitOfTheFunctionsOwnThatACallMet) {
    constexpr uint32_t kName = 1024;
    const std::string open = then("open", {kName, 8, 32}), name = text_at(kName, "data/one");
    struct {
        uint64_t FunctionLimits::*limit;
        uint64_t value;
        std::string fits;
        std::string meets;
    } cases[] = {
        {&FunctionLimits::windows, 1, then("output", {5, 16}), call("output", {5, 16})},
        {&FunctionLimits::windows, 1, open + then("map", {1, 0, 20'000, 0, 16}), call("map", {1, 0, 20'000, 0, 16})},
        {&FunctionLimits::output_bytes, 9000, then("output", {9000, 16}), call("output", {1, 16})},
        {&FunctionLimits::private_bytes, 20'480, open + then("map", {1, 0, 20'480, INLAY_MAP_PRIVATE, 16}), call("map", {1, 0, 1, INLAY_MAP_PRIVATE, 16})},
        {&FunctionLimits::memory_bytes, 3 * 65'536, open + then("map", {1, 0, 2 * 65'536, INLAY_MAP_PRIVATE, 16}), call("map", {1, 0, 1, INLAY_MAP_PRIVATE, 16})},
        {&FunctionLimits::publishes, 1, then("publish", {kName, 8, 0, 0, 0, 0}), call("publish", {kName, 8, 0, 0, 0, 0})},
        {&FunctionLimits::log_bytes, 10, then("log", {0, 0, 10}), call("log", {0, 0, 1})},
    };
    for (const auto& one : cases) {
        Trial trial;
        trial.limits.*one.limit = one.value;
        trial.add_sparse_object("data/one", 300'000);
        auto row = std::find_if(kFunctionLimits.begin(), kFunctionLimits.end(), [&](const auto& each) { return each.value == one.limit; });
        EXPECT_EQ(trial.code(one.fits + "(i32.const 0)", name), 0) << row->name;
        auto failed = trial.run(one.fits + one.meets, name);
        ASSERT_TRUE(std::holds_alternative<Failed>(failed.how)) << row->name;
        EXPECT_EQ(std::get<Failed>(failed.how).code, INLAY_E_LIMIT) << row->name;
        EXPECT_EQ(std::get<Failed>(failed.how).limit_met,
                  fmt::format("{} = {} (--limit {}=N gives more)", row->name, one.value, row->name));
    }
}

// The host is not asked when a guest grows by itself, and says all the same what that came up against.
TEST(Conclusion, NamesTheMemoryThatAGuestWasRefused) {
    const std::string met = "memory_bytes = 196608 (--limit memory_bytes=N gives more)";
    const std::string window = then("output", {300'000, 16}), grow = "(drop (memory.grow (i32.const 1)))";
    const std::string full = window + "(loop $again (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))";
    auto limited = [] {
        auto trial = std::make_unique<Trial>();
        trial->limits.memory_bytes = 3 * 65'536;
        return trial;
    };
    EXPECT_EQ(std::get<Failed>(limited()->run("(memory.grow (i32.const 3))").how).limit_met, met);
    EXPECT_EQ(std::get<Failed>(limited()->run(full + "(i32.const 7)").how).limit_met, met);
    auto trapped = limited()->run(full + "unreachable");
    EXPECT_NE(std::get<Trapped>(trapped.how).error.detail.find("unreachable instruction, after it had met a limit: " + met), std::string::npos);
    EXPECT_EQ(trapped.log.lines.back().text, "met a limit: " + met);
    EXPECT_EQ(limited()->run(full + "(i32.const 0)").log.lines.at(0).text, "met a limit: " + met) << "also of one that goes on without";
    EXPECT_EQ(std::get<Failed>(limited()->run(full + call("random", {0, kRandomBytesMax + 1})).how).limit_met, "kRandomBytesMax = 65536") << "a call says more";
    Trial bounded;
    auto own = bounded.run_module(R"((module (memory (export "memory") 1 1100) (func (export "inlay_handle") (result i32) (memory.grow (i32.const 60000)))))");
    EXPECT_EQ(std::get<Failed>(own.how).limit_met, "") << "its module's own maximum";
    for (const auto& fits : {window, window + grow, grow + window}) {
        auto failed = limited()->run(fits + "(i32.const 7)");
        EXPECT_EQ(std::get<Failed>(failed.how).limit_met, "");
        EXPECT_TRUE(failed.log.lines.empty());
    }
}

}  // namespace
}  // namespace inlay::run
