// Conclusions: what a client hears of how its function ended. What only a run shows: executor_test.
#include "run/conclusion.hpp"

#include <gtest/gtest.h>

#include "run/trial.hpp"

namespace inlay::run {
namespace {

TEST(Conclusion, OfATimeoutSaysHowLongAndWhatToDo) {
    store::FunctionRecord record;
    record.name = "slow";
    record.timeout_ms = 70;
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
        {call("output", {kOutputBytesMax + 1, 16}), "kOutputBytesMax = 2147483648"},
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

}  // namespace
}  // namespace inlay::run
