// The catalogue of requests against the readers of heads and of chunks: each at once, split at every byte, and byte by byte.
#include "serve/http_cases.hpp"

#include <algorithm>
#include <cstdio>
#include <set>

#include "serve/chunk_decoder.hpp"
#include "serve/request_head.hpp"

namespace inlay {
namespace {

// A server in small: reads one request out of pieces, as connection and content reader do.
class Reading {
  public:
    enum class State { head, content, ended, refused, too_large };

    // `so_far` repeats what earlier calls saw.
    void read(std::string_view so_far) {
        if (state_ == State::head) read_head(so_far);
        if (state_ == State::content && head_.head().chunked) read_chunks(so_far);
        if (state_ == State::content && !head_.head().chunked) read_length(so_far);
    }

    State state() const { return state_; }
    Errc code() const { return code_; }
    size_t used() const { return used_; }
    const std::string& content() const { return content_; }

  private:
    void read_head(std::string_view so_far) {
        auto step = head_.parse(so_far);
        if (step.kind == HeadStep::Kind::error) refuse(step.code);
        if (step.kind != HeadStep::Kind::complete) return;
        used_ = step.consumed;
        left_ = head_.head().content_length.value_or(0);
        state_ = left_ > kCaseBodyBytesMax ? State::too_large : State::content;
    }

    void read_length(std::string_view so_far) {
        auto part = so_far.substr(used_, left_);
        take(part);
        left_ -= part.size();
        if (left_ == 0) state_ = State::ended;
    }

    void read_chunks(std::string_view so_far) {
        for (;;) {
            auto step = chunks_.next(so_far.substr(used_));
            used_ += step.framing;
            if (step.kind == ChunkStep::Kind::error) return refuse(step.code);
            if (step.kind == ChunkStep::Kind::done) state_ = State::ended;
            if (step.kind != ChunkStep::Kind::content || used_ == so_far.size()) return;
            auto part = so_far.substr(used_, step.remaining);
            take(part);
            chunks_.took(part.size());
        }
    }

    void take(std::string_view part) {
        content_ += part;
        used_ += part.size();
    }

    void refuse(Errc code) {
        code_ = code;
        state_ = State::refused;
    }

    HeadReader head_;
    ChunkDecoder chunks_{kCaseBodyBytesMax};
    State state_ = State::head;
    Errc code_ = Errc::internal;
    uint64_t left_ = 0;
    size_t used_ = 0;
    std::string content_;
};

void expect_verdict(const HttpCase& one, const Reading& reading) {
    if (one.refusal) {
        ASSERT_EQ(reading.state(), Reading::State::refused) << one.request;
        EXPECT_EQ(traits(reading.code()).name, traits(*one.refusal).name) << one.request;
    } else if (one.status == 413) {
        EXPECT_EQ(reading.state(), Reading::State::too_large) << one.request;
    } else {
        ASSERT_EQ(reading.state(), Reading::State::ended) << one.request;
        EXPECT_EQ(reading.used(), one.request.size()) << one.request;
        if (one.content && one.asks_echo() && !one.request.starts_with("HEAD ")) {
            EXPECT_EQ(reading.content(), *one.content) << one.request;
        }
    }
}

TEST(HttpCases, EachIsReadOrRefusedAsTheCatalogueSays) {
    const auto cases = http_cases();
    size_t bad = 0;
    for (const auto& one : cases) {
        SCOPED_TRACE("http_cases.txt:" + std::to_string(one.line_number));
        Reading reading;
        reading.read(one.request);
        expect_verdict(one, reading);
        bad += one.refusal.has_value();
    }
    std::printf("%zu requests, %zu of them bad\n", cases.size(), bad);
    EXPECT_GE(cases.size(), 400u);
    EXPECT_GE(bad, 300u);
}

TEST(HttpCases, EachIsReadOrRefusedSoWhereverItIsSplit) {
    size_t splits = 0;
    for (const auto& one : http_cases()) {
        SCOPED_TRACE("http_cases.txt:" + std::to_string(one.line_number));
        const std::string_view bytes = one.request;
        for (size_t cut = 1; cut < bytes.size(); cut++, splits++) {
            Reading reading;
            reading.read(bytes.substr(0, cut));
            reading.read(bytes);
            expect_verdict(one, reading);
        }
        Reading bytewise;
        for (size_t size = 1; size <= bytes.size(); size++) bytewise.read(bytes.substr(0, size));
        expect_verdict(one, bytewise);
    }
    std::printf("%zu splits\n", splits);
}

TEST(HttpCases, NoneStandsThereTwice) {
    std::set<std::string> seen;
    for (const auto& one : http_cases())
        EXPECT_TRUE(seen.insert(one.request).second) << "http_cases.txt:" << one.line_number;
}

}  // namespace
}  // namespace inlay
