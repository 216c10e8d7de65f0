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

}  // namespace
}  // namespace inlay::run
