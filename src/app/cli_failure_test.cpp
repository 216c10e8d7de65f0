// Failures: the line for people and the object for programs.
#include "app/cli_failure.hpp"

#include <gtest/gtest.h>

namespace inlay::cli {
namespace {

TEST(Failures, TakeProblemDocumentsOver) {
    auto failure = answered_failure(404, "Not Found",
                                    R"({"type":"urn:inlay:problem:object-not-found","title":"The object does not exist",
                                        "status":404,"detail":"object b/k"})");
    EXPECT_EQ(failure.type, "urn:inlay:problem:object-not-found");
    EXPECT_EQ(failure.exit_code, kExitFailed);
    EXPECT_EQ(failure_line(failure), "inlay: the object does not exist (object b/k)");
    EXPECT_EQ(failure_json(failure),
              R"({"error":{"type":"urn:inlay:problem:object-not-found","title":"The object does not exist",)"
              R"("status":404,"detail":"object b/k"}})");
}

TEST(Failures, QuoteAnyOtherBody) {
    auto failure = answered_failure(502, "Bad Gateway", "<h1>proxy</h1>\n");
    EXPECT_EQ(failure.type, "about:blank");
    EXPECT_EQ(failure_line(failure), "inlay: the server answered 502 Bad Gateway (<h1>proxy</h1>)");
    EXPECT_EQ(failure_line(answered_failure(500, "", "")), "inlay: the server answered 500");
    EXPECT_EQ(answered_failure(500, "", R"({"type":7,"title":null})").title, "The server answered 500");
}

TEST(Failures, OfErrorsReadAsAServersAnswer) {
    auto failure = problem_failure({Errc::bad_module, "function \"f\": why"});
    EXPECT_EQ(failure.exit_code, kExitFailed);
    EXPECT_EQ(failure_line(failure), "inlay: the module cannot be deployed (function \"f\": why)");
    EXPECT_EQ(failure_json(failure),
              R"({"error":{"type":"urn:inlay:problem:bad-module","title":"The module cannot be deployed",)"
              R"("status":422,"detail":"function \"f\": why"}})");
}

TEST(Failures, OfOurSideHaveNoStatusAndSayWhatToDo) {
    auto failure = client_failure("unreachable", {"No server answers", "http://h:1", "Start one"});
    EXPECT_EQ(failure_line(failure), "inlay: no server answers (http://h:1). Start one");
    EXPECT_EQ(failure_json(failure),
              R"({"error":{"type":"urn:inlay:client:unreachable","title":"No server answers","status":null,)"
              R"("detail":"http://h:1. Start one"}})");
    EXPECT_EQ(wrong_use("x", "y").exit_code, kExitWrongUse);
}

TEST(Failures, CannotSteerTheTerminalOrBreakTheJson) {
    auto failure = answered_failure(500, "", "\x1b[2J\xff");
    EXPECT_EQ(failure_line(failure), "inlay: the server answered 500 (?[2J?)");
    EXPECT_NE(failure_json(failure).find("\\u001b[2J\xef\xbf\xbd"), std::string::npos);
}

}  // namespace
}  // namespace inlay::cli
