// HeadReader beside Boost.Beast: what ours accepts Beast reads in the same way; what only Beast accepts is listed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/field_rules.hpp"
#include "serve/http_cases.hpp"
#include "serve/request_head.hpp"

namespace inlay {
namespace {

namespace http = boost::beast::http;

struct ReadHead {
    std::string method;
    std::string target;
    unsigned version_minor = 0;
    std::vector<std::pair<std::string, std::string>> fields;  // By name in lower case, then in the order sent.

    friend bool operator==(const ReadHead&, const ReadHead&) = default;

    void add(std::string_view name, std::string_view value) {
        std::string lower(name);
        for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
        fields.emplace_back(std::move(lower), std::string(value));
    }
    void sort() {
        std::ranges::stable_sort(fields, {}, [](const auto& field) { return field.first; });
    }
};

std::optional<ReadHead> read_with_beast(std::string_view bytes) {
    http::request_parser<http::empty_body> parser;
    parser.header_limit(std::numeric_limits<std::uint32_t>::max());
    parser.body_limit(boost::none);
    boost::system::error_code error;
    for (size_t used = 1; used > 0 && !error && !parser.is_header_done(); bytes.remove_prefix(used))
        used = parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
    if (!parser.is_header_done()) return std::nullopt;
    const auto& message = parser.get();
    ReadHead head{message.method_string(), message.target(), message.version() - 10, {}};
    for (const auto& field : message) head.add(field.name_string(), field.value());
    head.sort();
    return head;
}

std::optional<ReadHead> read_with_ours(std::string_view bytes) {
    HeadReader reader;
    if (reader.parse(bytes).kind != HeadStep::Kind::complete) return std::nullopt;
    const auto& read = reader.head();
    ReadHead head{std::string(read.method_text), std::string(read.target), read.version_minor, {}};
    for (const auto& field : read.fields) head.add(field.name, field.value);
    head.sort();
    return head;
}

// True when ours accepts and Beast reads the same; a difference fails the test.
bool agree(const std::string& bytes) {
    auto ours = read_with_ours(bytes);
    if (!ours) return false;
    auto beast = read_with_beast(std::string_view(bytes).substr(bytes.starts_with('\r') ? 2 : 0));
    EXPECT_TRUE(beast.has_value()) << "Beast refuses:\n" << bytes;
    if (beast) {
        EXPECT_TRUE(*ours == *beast) << "Beast reads in another way:\n" << bytes;
    }
    return true;
}

// One request of well-formed and broken parts; about half of them are whole.
std::string random_head(std::mt19937& random) {
    const auto pick = [&](std::initializer_list<std::string_view> parts) {
        return std::string(parts.begin()[random() % parts.size()]);
    };
    std::string head = pick({"GET", "PUT", "DELETE", "X-Y", "get"}) + pick({" ", " ", " ", "  "}) +
                       pick({"/", "/a?b", "/%20", "http://a/b", "http://[::1]", "*", "/a?b?c"}) + " HTTP/" +
                       pick({"1.1", "1.1", "1.1", "1.0", "2.0"}) + "\r\n" +
                       pick({"Host: a", "Host:a:1", "HOST: ", "Host : a"}) + "\r\n";
    for (auto count = random() % 5; count > 0; count--)
        head += pick({"Accept", "X-1", "Connection", "Content-Length", "Expect", "Transfer-Encoding", "x!"}) +
                pick({":", ": ", ":\t ", ":  "}) +
                pick({"0", "close", "keep-alive, x", "chunked", "100-continue", "\xff", "a b", "a\tb", "", "17"}) +
                pick({"", "", " ", "\t"}) + pick({"\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r\n "});
    return head + "\r\n";
}

TEST(HeadDifferential, BeastReadsEachGoodHeadAsWeDo) {
    for (const auto& one : cases_by_head(true)) EXPECT_TRUE(agree(one.request)) << one.request;
    EXPECT_TRUE(agree(head_of_size(kHeadBytesMax)));
}

TEST(HeadDifferential, BeastReadsEachOneByteMutationThatWeAcceptAsWeDo) {
    size_t accepted = 0;
    const auto mutate = [&](std::string bytes) {
        for (size_t at = 0; at < bytes.size(); at++) {
            const char original = bytes[at];
            for (char c : "\r\n\t :;,#?*/%\x01\x7f\xff[]@0aZ\"\\") {
                bytes[at] = c;
                accepted += agree(bytes);
            }
            bytes[at] = original;
        }
    };
    for (const auto& one : http_cases())
        if (one.kind != HttpCase::Kind::chunks) mutate(one.request);
    EXPECT_GT(accepted, 10'000u);
}

TEST(HeadDifferential, BeastReadsEachRandomHeadThatWeAcceptAsWeDo) {
    std::mt19937 random(1);
    size_t accepted = 0;
    for (int i = 0; i < 50'000; i++) accepted += agree(random_head(random));
    EXPECT_GT(accepted, 5'000u);
}

// Where another parser takes what ours refuses, requests can be smuggled past the two: it must be on purpose.
TEST(HeadDifferential, ManyAreAcceptedByBeastAndRefusedByOurs) {
    size_t accepted = 0;
    for (const auto& one : cases_by_head(false)) accepted += read_with_beast(one.request).has_value();
    std::printf("%zu bad heads are accepted by Beast\n", accepted);
    EXPECT_GE(accepted, 50u);
    for (std::string_view text :
         {"Host: b", "X: a\r\n b", "Content-Length: 4, 4", "Content-Length: 4\r\nContent-Length: 4", "Transfer-Encoding: xchunked",
          "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: chunked, gzip", "Transfer-Encoding: chunked;q=1",
          "Transfer-Encoding: \"chunked\"", "Expect: 200-ok"}) {
        const auto bytes = "POST / HTTP/1.1\r\nHost: a\r\n" + std::string(text) + "\r\n\r\n";
        EXPECT_TRUE(read_with_beast(bytes).has_value()) << bytes;
        EXPECT_FALSE(read_with_ours(bytes).has_value()) << bytes;
    }
}

}  // namespace
}  // namespace inlay
