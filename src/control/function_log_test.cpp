// Functions' logs: the latest lines of each, in order, bounded.
#include "control/function_log.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace inlay::control {
namespace {

registry::LogLines lines_of(const std::string& function, std::vector<std::string> texts) {
    registry::LogLines lines{function, "invocation", {}};
    for (auto& text : texts) lines.lines.push_back({2, std::move(text)});
    return lines;
}

TEST(FunctionLogs, KeepLinesInOrderWithWhatBelongsToThem) {
    FunctionLogs logs;
    logs.append(lines_of("f", {"one", "two"}), 1000);
    auto lines = logs.lines_after("f", 0);
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[0]->text, "one");
    EXPECT_EQ(lines[0]->wall_ms, 1000u);
    EXPECT_EQ(lines[0]->level, 2u);
    EXPECT_EQ(lines[0]->invocation, "invocation");
    EXPECT_LT(lines[0]->sequence, lines[1]->sequence);
    EXPECT_EQ(logs.last_sequence(), lines[1]->sequence);
}

TEST(FunctionLogs, GoOnAfterWhatWasSeen) {
    FunctionLogs logs;
    logs.append(lines_of("f", {"one"}), 1);
    uint64_t seen = logs.last_sequence();
    logs.append(lines_of("other", {"elsewhere"}), 2);
    logs.append(lines_of("f", {"two"}), 3);
    auto lines = logs.lines_after("f", seen);
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(lines[0]->text, "two");
    EXPECT_TRUE(logs.lines_after("f", logs.last_sequence()).empty());
    EXPECT_TRUE(logs.lines_after("absent", 0).empty());
}

TEST(FunctionLogs, TheOldestLinesOfAFunctionGoFirst) {
    FunctionLogs logs;
    logs.append(lines_of("quiet", {"kept"}), 1);
    std::vector<std::string> texts;
    for (size_t i = 0; i < kLogLinesPerFunctionMax + 7; i++) texts.push_back(std::to_string(i));
    logs.append(lines_of("loud", texts), 1);
    auto lines = logs.lines_after("loud", 0);
    ASSERT_EQ(lines.size(), kLogLinesPerFunctionMax);
    EXPECT_EQ(lines.front()->text, "7");
    EXPECT_EQ(logs.lines_after("quiet", 0).size(), 1u) << "another function's lines do not push them out";
}

TEST(FunctionLogs, AForgottenFunctionBeginsAnewWithoutReusedNumbers) {
    FunctionLogs logs;
    logs.append(lines_of("f", {"one"}), 1);
    uint64_t seen = logs.last_sequence();
    logs.forget("f");
    logs.forget("absent");
    EXPECT_TRUE(logs.lines_after("f", 0).empty());
    logs.append(lines_of("f", {"two"}), 1);
    EXPECT_EQ(logs.lines_after("f", seen).size(), 1u);
}

TEST(FunctionLogs, AreBoundedInNumber) {
    FunctionLogs logs;
    for (size_t i = 0; i < kFunctionsMax; i++) logs.append(lines_of(std::to_string(i), {"x"}), 1);
    logs.append(lines_of("one too many", {"x"}), 1);
    EXPECT_TRUE(logs.lines_after("one too many", 0).empty());
    logs.append(lines_of("0", {"known"}), 1);
    EXPECT_EQ(logs.lines_after("0", 0).size(), 2u);
}

}  // namespace
}  // namespace inlay::control
