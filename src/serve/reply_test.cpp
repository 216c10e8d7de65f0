// Replies: problems are documents that a program can read, whatever the words are made of.
#include "serve/reply.hpp"

#include <gtest/gtest.h>

namespace inlay::serve {
namespace {

TEST(Reply, AProblemIsADocument) {
    auto reply = problem_reply({Errc::object_not_found, "object \"a/b\" does not exist"});
    EXPECT_EQ(reply.status, 404u);
    EXPECT_EQ(reply.fields, "Content-Type: application/problem+json\r\n");
    ASSERT_EQ(reply.content.size(), 1u);
    EXPECT_EQ(reply.content[0].bytes,
              R"({"type":"urn:inlay:problem:object-not-found","title":"The object does not exist","status":404,)"
              R"("detail":"object \"a/b\" does not exist"})");
    EXPECT_FALSE(reply.close);
}

TEST(Reply, SomeStatusesBringTheirFields) {
    EXPECT_NE(problem_reply({Errc::unauthorized, ""}).fields.find("WWW-Authenticate: Bearer realm=\"inlay\"\r\n"), std::string::npos);
    for (Errc code : {Errc::overloaded, Errc::draining, Errc::function_over_limit})
        EXPECT_NE(problem_reply({code, ""}).fields.find("Retry-After: 1\r\n"), std::string::npos);
    for (Errc code : {Errc::internal, Errc::storage_failed, Errc::function_quarantined})
        EXPECT_EQ(problem_reply({code, ""}).fields.find("Retry-After"), std::string::npos);
}

TEST(Reply, EveryCodeHasAProblem) {
    for (uint16_t code = 0; code < kErrcCount; code++) {
        auto reply = problem_reply({static_cast<Errc>(code), "x"});
        EXPECT_GE(reply.status, 400u);
        EXPECT_NE(reply.content[0].bytes.find("urn:inlay:problem:" + std::string(traits(static_cast<Errc>(code)).name)), std::string::npos);
    }
}

TEST(Reply, LostContentMakesAProblem) {
    auto pages = std::make_shared<os::Pages>();
    auto reply = json_reply(200, "{}");
    reply.content.push_back({{}, pages, 0, 1});
    refuse_lost_content(reply);
    EXPECT_EQ(reply.status, 200u);
    pages->note_lost();
    refuse_lost_content(reply);
    EXPECT_NE(reply.content[0].bytes.find("urn:inlay:problem:object-changed"), std::string::npos);
}

TEST(Reply, ContentComesWithItsType) {
    auto reply = json_reply(201, "{}");
    EXPECT_EQ(reply.status, 201u);
    EXPECT_EQ(reply.fields, "Content-Type: application/json\r\n");
    EXPECT_EQ(reply.content[0].bytes, "{}");
    reply.add_field("ETag", "\"v\"");
    EXPECT_EQ(reply.fields, "Content-Type: application/json\r\nETag: \"v\"\r\n");
    EXPECT_FALSE(reply.content_length);
}

TEST(JsonEscape, KeepsWhatNeedsNoEscape) {
    EXPECT_EQ(json_escape(""), "");
    EXPECT_EQ(json_escape("plain \xc3\xa9 \xf0\x9f\x98\x80 /'"), "plain \xc3\xa9 \xf0\x9f\x98\x80 /'");
}

TEST(JsonEscape, EscapesQuotesBackslashesAndControlBytes) {
    EXPECT_EQ(json_escape("a\"b\\c"), "a\\\"b\\\\c");
    EXPECT_EQ(json_escape(std::string("\0\n\r\x1f", 4)), "\\u0000\\u000a\\u000d\\u001f");
}

TEST(JsonEscape, ReplacesBytesThatAreNoUtf8) {
    EXPECT_EQ(json_escape("a\xff\"b"), "a\\ufffd\\\"b");
    EXPECT_EQ(json_escape("\xed\xa0\x80"), "\\ufffd\\ufffd\\ufffd") << "a surrogate";
    EXPECT_EQ(json_escape("\n\xc3"), "\\u000a\\ufffd");
}

}  // namespace
}  // namespace inlay::serve
