// Words of `inlay dev`.
#include "app/cli_dev_voice.hpp"

#include <gtest/gtest.h>

namespace inlay::cli {
namespace {

using nlohmann::ordered_json;

TEST(DevVoice, UsageIsWhatHasBeenAdded) {
    ordered_json before{{"invocations", 5}, {"cpu_us", 1000}, {"refused", 1}, {"overruns", 0}};
    EXPECT_EQ(usage_between(before, before), "");
    EXPECT_EQ(usage_between(before, {{"invocations", 6}, {"cpu_us", 1412}, {"refused", 1}, {"overruns", 0}}), "1 request, 0.412 ms of processor time");
    EXPECT_EQ(usage_between(before, {{"invocations", 1005}, {"cpu_us", 3'000'000}, {"refused", 3}, {"overruns", 2}}),
              "1,000 requests, 2999.000 ms of processor time, 2 began again in a process of their own, 2 refused");
    EXPECT_EQ(usage_between(before, {{"invocations", 2}}), "") << "a counter that began anew";
}

TEST(DevVoice, ManyNamesAreCounted) {
    EXPECT_EQ(names_of({"a"}), "a");
    EXPECT_EQ(names_of({"a", "b"}), "a and b");
    EXPECT_EQ(names_of({"a", "b", "c", "d"}), "a, b, c and d");
    EXPECT_EQ(names_of({"a", "b", "c", "d", "e"}), "a, b, c and 2 more");
}

TEST(DevVoice, ProgramsGetOneDocumentALine) {
    testing::internal::CaptureStdout();
    DevVoice(Output::json).say("changed", "for people", {{"files", {"a\nb"}}});
    DevVoice(Output::json).say_failure("failed", client_failure("build-failed", {"The build failed", "make", "See above"}), "so it is");
    const auto said = testing::internal::GetCapturedStdout();
    EXPECT_EQ(said.substr(0, said.find('\n')), R"({"event":"changed","files":["a\nb"]})");
    const auto failed = ordered_json::parse(said.substr(said.find('\n')));
    EXPECT_EQ(failed.at("event"), "failed");
    EXPECT_EQ(failed.at("error").at("title"), "The build failed");
    EXPECT_EQ(failed.at("consequence"), "so it is");
}

TEST(DevVoice, PeopleGetLinesThatAreSafeToShow) {
    testing::internal::CaptureStdout();
    DevVoice(Output::text).say("log", "a\x1b[2Jb");
    DevVoice(Output::text).say_failure("failed", client_failure("build-failed", {"The build failed", "make", "See above"}), "so it is");
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "a?[2Jb\ninlay: the build failed (make). See above; so it is\n");
}

}  // namespace
}  // namespace inlay::cli
