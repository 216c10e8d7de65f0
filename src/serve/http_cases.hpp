// For tests: the catalogue of requests in test/http_cases.txt, each with what becomes of it.
#pragma once

#include <gtest/gtest.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/errc.hpp"

namespace inlay {

struct HttpCase {
    enum class Kind { whole, line, field, chunks };
    size_t line_number = 0;
    Kind kind = Kind::whole;
    std::optional<Errc> refusal;         // The readers refuse it with this code.
    unsigned status = 0;                 // Of the server's answer.
    std::string request;
    std::string text;                    // Of the request, what the catalogue gives.
    std::optional<std::string> content;  // Of the answer.

    bool asks_echo() const { return request.find(" /f/echo ") != request.npos; }
};

inline constexpr uint64_t kCaseBodyBytesMax = 8192;

// The quoted text at the front of `line`, which it is taken off.
inline std::string take_quoted(std::string_view& line) {
    std::string text;
    line.remove_prefix(line.find('"') + 1);
    for (; line.front() != '"'; line.remove_prefix(1)) {
        char c = line.front();
        if (c == '\\') {
            line.remove_prefix(1);
            constexpr std::string_view kNames = "rnt", kMeanings = "\r\n\t";
            c = line.front();
            if (auto at = kNames.find(c); at != kNames.npos) c = kMeanings[at];
            if (c == 'x') {
                unsigned value = 0;
                std::from_chars(line.data() + 1, line.data() + 3, value, 16);
                line.remove_prefix(2);
                c = static_cast<char>(value);
            }
        }
        text += c;
    }
    line.remove_prefix(1);
    return text;
}

inline HttpCase http_case_of(std::string_view line) {
    HttpCase one;
    auto word = [&] {
        auto taken = line.substr(0, line.find(' '));
        line.remove_prefix(taken.size() + 1);
        return taken;
    };
    auto verdict = word(), kind = word();
    for (uint16_t code = 0; code < kErrcCount; code++)
        if (traits(static_cast<Errc>(code)).name == verdict) one.refusal = static_cast<Errc>(code);
    std::from_chars(verdict.data(), verdict.data() + verdict.size(), one.status);
    if (one.refusal) one.status = traits(*one.refusal).http_status;
    EXPECT_NE(one.status, 0u) << verdict;
    one.text = one.request = take_quoted(line);
    if (!line.empty()) one.content = take_quoted(line);
    constexpr std::string_view kPost = "POST /f/echo HTTP/1.1\r\nHost: h\r\n";
    if (kind == "line") {
        one.kind = HttpCase::Kind::line;
        one.request += "\r\nHost: h\r\n\r\n";
    } else if (kind == "field") {
        one.kind = HttpCase::Kind::field;
        bool is_whole = one.text.find("\r\n\r\n") != one.text.npos;
        one.request = std::string(kPost) + one.text + (is_whole ? "" : "\r\n\r\n");
    } else if (kind == "chunks") {
        one.kind = HttpCase::Kind::chunks;
        one.request = std::string(kPost) + "Transfer-Encoding: chunked\r\n\r\n" + one.text;
    } else {
        EXPECT_EQ(kind, "whole");
    }
    return one;
}

inline std::vector<HttpCase> http_cases() {
    auto root = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
    std::ifstream file(root / "test/http_cases.txt");
    std::vector<HttpCase> cases;
    std::string line;
    for (size_t number = 1; std::getline(file, line); number++) {
        if (line.empty() || line.front() == '#') continue;
        cases.push_back(http_case_of(line));
        cases.back().line_number = number;
    }
    return cases;
}

// Those whose head the readers take, or refuse.
inline std::vector<HttpCase> cases_by_head(bool good) {
    auto cases = http_cases();
    std::erase_if(cases, [&](const HttpCase& one) { return good == (one.refusal && one.kind != HttpCase::Kind::chunks); });
    return cases;
}

// A well-formed head of exactly that many bytes. Requires: at least 40.
inline std::string head_of_size(size_t size) {
    std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    head.append(size - head.size() - 4, 'x');
    return head + "\r\n\r\n";
}

}  // namespace inlay
