// The command line: exit codes and messages for every way to end.
#include "app/cli_command_line.hpp"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/cli_failure.hpp"

namespace inlay::cli {
namespace {

struct Ended {
    int exit_code;
    std::string out;
    std::string err;
};

// Runs a line with one command, "act NAME", that does `action`.
Ended run(std::vector<std::string> arguments, CommandLine::Action action) {
    CommandLine line;
    std::string name;
    line.add("act", "Act", std::move(action)).add_option("NAME", name)->required();
    arguments.insert(arguments.begin(), "inlay");
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    int exit_code = line.run(static_cast<int>(argv.size()), argv.data());
    return {exit_code, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

int must_not_act(const Client&) {
    ADD_FAILURE() << "the command ran";
    return kExitDone;
}

TEST(CommandLines, GiveTheExitCodeOfTheirCommand) {
    EXPECT_EQ(run({"act", "x"}, [](const Client&) { return kExitDone; }).exit_code, 0);
    EXPECT_EQ(run({"act", "x"}, [](const Client&) { return kExitFailed; }).exit_code, 1);
}

TEST(CommandLines, EndWithTwoForWrongUse) {
    for (std::vector<std::string> arguments :
         {std::vector<std::string>{}, {"nothing"}, {"act"}, {"act", "x", "y"}, {"act", "x", "--nope"}, {"act", "x", "--server", "ftp://h"}}) {
        auto ended = run(arguments, must_not_act);
        EXPECT_EQ(ended.exit_code, 2);
        EXPECT_EQ(ended.err.substr(0, 7), "inlay: ") << ended.err;
        EXPECT_EQ(ended.out, "");
    }
}

TEST(CommandLines, EndWithZeroForHelpAndVersion) {
    for (std::vector<std::string> arguments : {std::vector<std::string>{"--help"}, {"act", "--help"}, {"--version"}}) {
        auto ended = run(arguments, must_not_act);
        EXPECT_EQ(ended.exit_code, 0);
        EXPECT_NE(ended.out, "");
    }
}

TEST(CommandLines, TakeServerOptionsBeforeAndAfterTheCommand) {
    auto json = [](const Client& client) { return client.json() ? kExitDone : kExitFailed; };
    EXPECT_EQ(run({"--json", "act", "x"}, json).exit_code, 0);
    EXPECT_EQ(run({"act", "--json", "x"}, json).exit_code, 0);
    EXPECT_EQ(run({"act", "x"}, json).exit_code, 1);
}

TEST(CommandLines, ReportFailuresInTheFormThatWasAskedFor) {
    auto fail = [](const Client&) -> int { throw answered_failure(503, "", R"({"type":"urn:t","title":"Full","detail":"d"})"); };
    auto text = run({"act", "x"}, fail);
    EXPECT_EQ(text.exit_code, 1);
    EXPECT_EQ(text.err, "inlay: full (d)\n");
    auto json = run({"act", "x", "--json"}, fail);
    EXPECT_EQ(json.exit_code, 1);
    EXPECT_EQ(nlohmann::json::parse(json.err)["error"]["type"], "urn:t");
}

TEST(CommandLines, SayWhenAnAnswerIsNotUnderstood) {
    auto ended = run({"act", "x"}, [](const Client&) { return nlohmann::json::parse("<html>").get<int>(); });
    EXPECT_EQ(ended.exit_code, 1);
    EXPECT_NE(ended.err.find("not what was expected"), std::string::npos);
}

}  // namespace
}  // namespace inlay::cli
