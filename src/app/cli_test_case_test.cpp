// Cases: how they become arguments, how answers are understood and judged.
#include "app/cli_test_case.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace inlay::cli {
namespace {

constexpr auto kDone = R"({"status":200,"cost":{"mapped":5,"copied":7,"private":0,"instantiate_us":100,"run_us":1900},"content_type":"text/plain",
    "published":[],"fields":[{"name":"Content-Type","value":"text/plain"},{"name":"X-Own","value":"1"},{"name":"x-own","value":"2"}],"file":"f"})";

CaseAnswer done(std::string body = "content") { return answer_of_run(kDone, "", std::move(body)); }

std::string first_difference(const ProjectCase& one, const CaseAnswer& answer) {
    auto all = differences(one, answer, std::nullopt);
    return all.empty() ? "" : all[0];
}

TEST(TestCase, ARunIsGivenAllThatTheCaseSays) {
    Project project;
    project.directory = "dir";
    project.name = "f";
    project.module = "build/f.wasm";
    project.deploy.env = {"A=b"};
    project.deploy.limits = {"publishes=3"};
    project.deploy.memory = "64MiB";
    project.deploy.timeout = "5s";
    project.deploy.warm = true;
    ProjectCase one;
    one.method = "PUT";
    one.path = "/x";
    one.query = {{"n", "3"}};
    one.headers = {{"X-Own", "1"}};
    one.objects = {{"b/k", "data"}};
    one.directories = {"/in=data:ro", "/abs=/x"};
    one.arguments = {"-l", "x"};
    EXPECT_EQ(run_arguments(project, one, "body", "out"),
              (std::vector<std::string>{"run", "dir/build/f.wasm", "--json", "--name", "f", "-o", "out", "--method", "PUT", "--path", "/x", "--query", "n=3",
                                        "--header", "X-Own: 1", "--object", "b/k=dir/data", "--dir", "/in=dir/data:ro", "--dir", "/abs=/x", "--env", "A=b", "--limit", "publishes=3",
                                        "--limit", "publishes=16", "--body-file", "body", "--memory", "64MiB",
                                        "--timeout", "5s", "--warm", "--", "-l", "x"}));
    EXPECT_EQ(run_arguments({}, {}, "", "out").size(), 7u) << "what is not said is not given";
}

TEST(TestCase, AnAnswerIsUnderstood) {
    auto answer = answer_of_run(kDone, "info  a line\n", "content");
    EXPECT_EQ(answer.status, 200u);
    EXPECT_EQ(answer.body, "content");
    EXPECT_EQ(answer.copied, 7u);
    EXPECT_EQ(answer.time_us, 2000u);
    EXPECT_EQ(answer.fields.size(), 3u);
    EXPECT_EQ(answer.log, std::vector<std::string>{"info  a line"});
}

TEST(TestCase, AnAnswerThatIsNoSuccessKeepsItsContent) {
    auto answer = answer_of_run("", "info  {\"a\":1}\n{\"error\":{\"status\":404},\"status\":404,\"cost\":{\"copied\":3},\"fields\":[],\"body\":\"absent\\n\"}\n", "");
    EXPECT_EQ(answer.status, 404u);
    EXPECT_EQ(answer.body, "absent\n");
    EXPECT_EQ(answer.copied, 3u);
    EXPECT_EQ(answer.failure, "");
    EXPECT_EQ(answer.log.size(), 1u) << "a line of the log may be JSON";
    answer = answer_of_run("", "{\"error\":{\"status\":422},\"status\":422,\"cost\":{},\"fields\":[],\"body_base64\":\"/wA=\"}\n", "");
    EXPECT_EQ(answer.body, std::string("\xff\0", 2)) << "also where it is no text";
}

TEST(TestCase, AnInvocationThatFailedSaysWhy) {
    auto answer = answer_of_run("", "{\"error\":{\"type\":\"t\",\"title\":\"The function trapped\",\"status\":502,\"detail\":\"at f.c:3\"}}\n", "");
    EXPECT_EQ(answer.status, 502u);
    EXPECT_EQ(first_difference({}, answer), "status: expected 200, was 502: The function trapped: at f.c:3");
    ProjectCase trap;
    trap.expect_status = 502;
    trap.expect_contains = {"f.c:3"};
    EXPECT_EQ(first_difference(trap, answer), "") << "a case may expect it";
    EXPECT_EQ(first_difference({}, answer_of_run("", "", "")), "status: expected 200, was none: it ended without a word");
}

TEST(TestCase, WhatIsAsExpectedHasNoDifferences) {
    ProjectCase one;
    one.expect_body = "content";
    one.expect_contains = {"con", "tent"};
    one.expect_headers = {{"content-type", "text/plain"}, {"X-Own", "1, 2"}};
    one.copied_max = 7;
    one.time_ms_max = 2;
    EXPECT_EQ(differences(one, done(), std::nullopt), std::vector<std::string>{});
}

TEST(TestCase, EachExpectationCanFail) {
    ProjectCase one;
    one.expect_status = 404;
    one.expect_body = "a\ncontent";
    one.expect_contains = {"x"};
    one.expect_headers = {{"X-Absent", "1"}, {"Content-Type", "a/b"}};
    one.copied_max = 6;
    one.time_ms_max = 1;
    EXPECT_EQ(differences(one, done("a\nconTent"), std::nullopt),
              (std::vector<std::string>{
                  "status: expected 404, was 200: its content is \"a\\nconTent\"",
                  "body: expected \"a\\ncontent\", was \"a\\nconTent\" (9 and 9 bytes; they differ from byte 5 on, in line 2)",
                  "body: \"x\" is not in \"a\\nconTent\"",
                  "header X-Absent: expected \"1\", was absent",
                  "header Content-Type: expected \"a/b\", was \"text/plain\"",
                  "cost: 7 bytes were copied, 6 are allowed (copied_max)",
                  "cost: it took 2.000 ms, 1 are allowed (time_ms_max)",
              }));
    EXPECT_EQ(differences({}, done(), "other").size(), 1u) << "the content of a file counts like expect_body";
}

TEST(TestCase, LongContentIsShownAroundTheDifference) {
    ProjectCase one;
    one.expect_body = std::string(1000, 'a') + "b";
    auto line = first_difference(one, done(std::string(1000, 'a') + "c"));
    EXPECT_LT(line.size(), 250u);
    EXPECT_NE(line.find("aab\""), std::string::npos);
    EXPECT_NE(line.find("aac\""), std::string::npos);
}

}  // namespace
}  // namespace inlay::cli
