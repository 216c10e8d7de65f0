// HeadReader: what it reads, what it refuses, and that it does not matter how the bytes arrive.
#include "serve/request_head.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "serve/http_cases.hpp"

namespace inlay {
namespace {

// Gives `bytes` in two pieces, the second only when the first asks for more.
HeadStep parse_split(HeadReader& reader, std::string_view bytes, size_t first_piece) {
    auto step = reader.parse(bytes.substr(0, first_piece));
    return step.kind == HeadStep::Kind::incomplete ? reader.parse(bytes) : step;
}

HeadStep parse_bytewise(HeadReader& reader, std::string_view bytes) {
    HeadStep step;
    for (size_t size = 0; size <= bytes.size() && step.kind == HeadStep::Kind::incomplete; size++)
        step = reader.parse(bytes.substr(0, size));
    return step;
}

class ParsedHead {
  public:
    explicit ParsedHead(std::string bytes) : bytes_(std::move(bytes)) {
        auto step = reader_.parse(bytes_);
        EXPECT_EQ(step.kind, HeadStep::Kind::complete) << bytes_ << step.detail;
        EXPECT_EQ(step.consumed, bytes_.size());
    }
    const RequestHead* operator->() const { return &reader_.head(); }

  private:
    std::string bytes_;
    HeadReader reader_;
};

TEST(HeadReader, GivesTheLineAndTheFieldsOfATypicalRequest) {
    ParsedHead head(
        "GET /b/f?x=1&y=2 HTTP/1.1\r\nHost: example.com:8080\r\nUser-Agent: curl/7\r\nAccept:\t */* \r\n\r\n");
    EXPECT_EQ(head->method, Method::get);
    EXPECT_EQ(head->method_text, "GET");
    EXPECT_EQ(head->target, "/b/f?x=1&y=2");
    EXPECT_EQ(head->path, "/b/f");
    EXPECT_EQ(head->query, "x=1&y=2");
    EXPECT_TRUE(head->has_query);
    EXPECT_EQ(head->host, "example.com:8080");
    EXPECT_EQ(head->version_minor, 1);
    EXPECT_TRUE(head->keep_alive);
    EXPECT_FALSE(head->expect_continue);
    EXPECT_FALSE(head->chunked);
    EXPECT_EQ(head->content_length, std::nullopt);
    ASSERT_EQ(head->fields.size(), 3u);
    EXPECT_EQ(head->fields[1].name, "User-Agent");
    EXPECT_EQ(head->fields[1].value, "curl/7");
    EXPECT_EQ(head->find("aCCEPT"), "*/*");
    EXPECT_EQ(head->find("accept-encoding"), std::nullopt);
}

// The heads of the catalogue that are to be accepted.
std::vector<std::string> good_heads() {
    std::vector<std::string> heads;
    for (const auto& one : cases_by_head(true)) heads.push_back(one.request.substr(0, one.request.find("\r\n\r\n", 2) + 4));
    return heads;
}

TEST(HeadReader, GivesTheSameHeadSplitAnywhereAndBytewise) {
    for (const auto& bytes : good_heads()) {
        HeadReader whole;
        auto step = whole.parse(bytes);
        ASSERT_EQ(step.kind, HeadStep::Kind::complete) << bytes << step.detail;
        ASSERT_EQ(step.consumed, bytes.size()) << bytes;
        for (size_t cut = 0; cut <= bytes.size() + 1; cut++) {
            HeadReader reader;
            step = cut <= bytes.size() ? parse_split(reader, bytes, cut) : parse_bytewise(reader, bytes);
            ASSERT_EQ(step.kind, HeadStep::Kind::complete) << bytes << step.detail << cut;
            EXPECT_EQ(reader.head().path, whole.head().path);
            EXPECT_EQ(reader.head().content_length, whole.head().content_length);
            ASSERT_EQ(reader.head().fields.size(), whole.head().fields.size());
            for (size_t i = 0; i < whole.head().fields.size(); i++)
                EXPECT_EQ(reader.head().fields[i].value, whole.head().fields[i].value);
        }
    }
}

TEST(HeadReader, SaysWhatIsWrongWithEachBadHead) {
    for (const auto& one : cases_by_head(false)) {
        HeadReader reader;
        EXPECT_FALSE(reader.parse(one.request).detail.empty()) << one.request;
    }
}

TEST(HeadReader, WaitsForEachTruePrefixOfAGoodHead) {
    for (const auto& bytes : good_heads()) {
        for (size_t size = 0; size < bytes.size(); size++) {
            HeadReader reader;
            EXPECT_EQ(reader.parse(std::string_view(bytes).substr(0, size)).kind, HeadStep::Kind::incomplete) << bytes.substr(0, size);
        }
    }
}

TEST(HeadReader, LeavesWhatFollowsTheHeadAndReadsTheNextOneAfterReset) {
    const std::string_view bytes = "POST /1 HTTP/1.0\r\nContent-Length: 2\r\n\r\nhiGET /2 HTTP/1.1\r\nHost: a\r\n\r\n";
    HeadReader reader;
    auto step = reader.parse(bytes);
    ASSERT_EQ(step.kind, HeadStep::Kind::complete);
    EXPECT_EQ(bytes.substr(step.consumed, 2), "hi");
    reader.reset();
    step = reader.parse(bytes.substr(step.consumed + 2));
    ASSERT_EQ(step.kind, HeadStep::Kind::complete);
    EXPECT_EQ(reader.head().path, "/2");
    EXPECT_EQ(reader.head().content_length, std::nullopt);
    EXPECT_EQ(reader.head().fields.size(), 1u);
    EXPECT_TRUE(reader.head().keep_alive);
}

TEST(HeadReader, StartsOverWhenTheBytesMoved) {
    std::string first = "GET /path HTTP/1.1\r\nHost: a\r\n";
    HeadReader reader;
    ASSERT_EQ(reader.parse(first).kind, HeadStep::Kind::incomplete);
    std::string second = first + "X: y\r\n\r\n";
    std::fill(first.begin(), first.end(), '?');
    ASSERT_EQ(reader.parse(second).kind, HeadStep::Kind::complete);
    EXPECT_EQ(reader.head().path, "/path");
    EXPECT_EQ(reader.head().fields.size(), 2u);
}

TEST(HeadReader, LooksForTheEndOfALineOnlyInBytesThatAreNew) {
    std::string bytes = "GET / HTTP/1.1\r\nX: aaaa\r\n\r\n";
    HeadReader reader;
    ASSERT_EQ(reader.parse(std::string_view(bytes).substr(0, 23)).kind, HeadStep::Kind::incomplete);
    bytes[20] = '\n';
    // A second look would find this line end, a bare LF.
    EXPECT_EQ(reader.parse(bytes).detail, "a header value holds a control byte");
}

TEST(HeadReader, KnowsTheSevenMethodsInCapitalsOnly) {
    const std::pair<std::string, Method> methods[] = {
        {"GET", Method::get},       {"HEAD", Method::head},       {"PUT", Method::put},   {"POST", Method::post},
        {"DELETE", Method::delete_}, {"PATCH", Method::patch},     {"get", Method::other}, {"BREW", Method::other},
        {"OPTIONS", Method::options}, {"PROPFIND", Method::other}, {"X", Method::other},   {"TRACE", Method::other},
    };
    for (const auto& [text, method] : methods) {
        const auto bytes = text + " / HTTP/1.1\r\nHost: a\r\n\r\n";
        ParsedHead head(bytes);
        EXPECT_EQ(head->method, method) << text;
        EXPECT_EQ(head->method_text, text);
    }
}

TEST(HeadReader, ReducesAnAbsoluteTargetToItsPathAndPrefersItsHost) {
    ParsedHead with_path("GET http://example.com:81/p?q HTTP/1.1\r\nHost: other\r\n\r\n");
    EXPECT_EQ(with_path->path, "/p");
    EXPECT_EQ(with_path->query, "q");
    EXPECT_EQ(with_path->host, "example.com:81");
    EXPECT_EQ(with_path->target, "http://example.com:81/p?q");
    ParsedHead without_path("GET http://[::1]?q HTTP/1.1\r\nHost: other\r\n\r\n");
    EXPECT_EQ(without_path->path, "/");
    EXPECT_EQ(without_path->query, "q");
    EXPECT_EQ(without_path->host, "[::1]");
}

TEST(HeadReader, TellsAnEmptyQueryFromNone) {
    EXPECT_TRUE(ParsedHead("GET /? HTTP/1.1\r\nHost: a\r\n\r\n")->has_query);
    EXPECT_FALSE(ParsedHead("GET / HTTP/1.1\r\nHost: a\r\n\r\n")->has_query);
    EXPECT_EQ(ParsedHead("GET /a?b?c HTTP/1.1\r\nHost: a\r\n\r\n")->query, "b?c");
    EXPECT_EQ(ParsedHead("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")->path, "*");
}

TEST(HeadReader, KeepsAliveByVersionUnlessTheConnectionFieldSaysOtherwise) {
    const auto keeps = [](std::string_view version, std::string_view fields) {
        const auto bytes = "GET / HTTP/" + std::string(version) + "\r\nHost: a\r\n" + std::string(fields) + "\r\n";
        return ParsedHead(bytes)->keep_alive;
    };
    EXPECT_TRUE(keeps("1.1", ""));
    EXPECT_FALSE(keeps("1.0", ""));
    EXPECT_FALSE(keeps("1.1", "Connection: CLOSE\r\n"));
    EXPECT_TRUE(keeps("1.0", "Connection: x, ,Keep-Alive\r\n"));
    EXPECT_FALSE(keeps("1.0", "Connection: keep-alive\r\nConnection: close\r\n"));
    EXPECT_FALSE(keeps("1.1", "Connection: close\r\nConnection: keep-alive\r\n"));
    EXPECT_TRUE(keeps("1.1", "Connection: closed\r\n"));
    EXPECT_TRUE(keeps("1.1", "Connection:\r\n"));
}

TEST(HeadReader, ReadsLengthCodingAndExpectation) {
    EXPECT_EQ(ParsedHead("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n")->content_length,
              UINT64_MAX);
    ParsedHead chunked("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\nExpect: 100-CONTINUE\r\n\r\n");
    EXPECT_TRUE(chunked->chunked);
    EXPECT_TRUE(chunked->expect_continue);
    EXPECT_EQ(chunked->content_length, std::nullopt);
    EXPECT_FALSE(ParsedHead("PUT / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n")->expect_continue);
}

TEST(HeadReader, AcceptsAHeadOfTheMaximumAndRefusesOneByteMoreHoweverItIsSplit) {
    ParsedHead largest(head_of_size(kHeadBytesMax));
    EXPECT_EQ(largest->fields.size(), 2u);
    const auto bytes = head_of_size(kHeadBytesMax + 1);
    for (size_t cut : {size_t{0}, size_t{20}, kHeadBytesMax - 1, kHeadBytesMax, bytes.size()}) {
        HeadReader reader;
        auto step = parse_split(reader, bytes, cut);
        EXPECT_EQ(step.kind, HeadStep::Kind::error) << cut;
        EXPECT_EQ(step.code, Errc::head_too_large) << cut;
    }
    const std::string endless_line(kHeadBytesMax, 'G');
    HeadReader reader;
    EXPECT_EQ(parse_bytewise(reader, endless_line).code, Errc::head_too_large);
}

TEST(HeadReader, AcceptsTheMaximumOfFieldsAndRefusesOneMore) {
    std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (size_t i = 1; i < kHeadFieldsMax; i++) bytes += "X: y\r\n";
    EXPECT_EQ(ParsedHead(bytes + "\r\n")->fields.size(), kHeadFieldsMax);
    HeadReader reader;
    const auto too_many = bytes + "X: y\r\n\r\n";
    auto step = reader.parse(too_many);
    EXPECT_EQ(step.kind, HeadStep::Kind::error);
    EXPECT_EQ(step.code, Errc::head_too_large);
}

}  // namespace
}  // namespace inlay
