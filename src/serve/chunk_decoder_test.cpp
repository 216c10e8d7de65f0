// ChunkDecoder: which framing it accepts, which it refuses, and that it does not matter how the bytes arrive.
#include "serve/chunk_decoder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "base/limits.hpp"
#include "serve/http_cases.hpp"

namespace inlay {
namespace {

using std::string_view_literals::operator""sv;
using Kind = ChunkStep::Kind;

struct Decoded {
    Kind end = Kind::need_more;
    Errc code = Errc::bad_request;
    size_t consumed = 0;
    std::string content;
};

void feed(ChunkDecoder& decoder, std::string_view in, Decoded& decoded) {
    for (;;) {
        const auto step = decoder.next(in);
        in.remove_prefix(step.framing);
        decoded.consumed += step.framing;
        decoded.end = step.kind;
        decoded.code = step.code;
        if (step.kind != Kind::content || in.empty()) return;
        const auto content = in.substr(0, std::min<uint64_t>(step.remaining, in.size()));
        decoded.content += content;
        decoded.consumed += content.size();
        decoder.took(content.size());
        in.remove_prefix(content.size());
    }
}

Decoded decode_in_pieces(std::string_view bytes, size_t piece) {
    ChunkDecoder decoder(kCaseBodyBytesMax);
    Decoded decoded;
    for (size_t at = 0; at < bytes.size(); at += piece) {
        feed(decoder, bytes.substr(at, piece), decoded);
        if (decoded.end == Kind::done || decoded.end == Kind::error) break;
    }
    return decoded;
}

TEST(ChunkDecoder, TakesOrRefusesEachMessageOfTheCatalogueInPiecesOfAnySize) {
    size_t messages = 0;
    for (const auto& one : http_cases()) {
        if (one.kind != HttpCase::Kind::chunks) continue;
        messages++;
        for (size_t piece = 1; piece <= one.text.size(); piece++) {
            const auto decoded = decode_in_pieces(one.text, piece);
            EXPECT_EQ(decoded.end, one.refusal ? Kind::error : Kind::done) << one.text;
            if (one.refusal) {
                EXPECT_EQ(decoded.code, *one.refusal) << one.text;
            } else {
                EXPECT_EQ(decoded.content, *one.content);
                EXPECT_EQ(decoded.consumed, one.text.size());
            }
        }
    }
    EXPECT_GE(messages, 100u);
}

TEST(ChunkDecoder, LeavesWhatFollowsTheMessage) {
    const auto decoded = decode_in_pieces("1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1\r\n", 100);
    EXPECT_EQ(decoded.end, Kind::done);
    EXPECT_EQ(decoded.consumed, 11u);
}

TEST(ChunkDecoder, TellsTheContentThatRemainsWhereverItIsTakenFrom) {
    ChunkDecoder decoder(UINT64_MAX);
    auto step = decoder.next("100000000\r\nabc");
    EXPECT_EQ(step.kind, Kind::content);
    EXPECT_EQ(step.framing, 11u);
    EXPECT_EQ(step.remaining, 0x1'0000'0000u);
    decoder.took(3);
    step = decoder.next("");
    EXPECT_EQ(step.kind, Kind::content);
    EXPECT_EQ(step.framing, 0u);
    EXPECT_EQ(step.remaining, 0xffff'fffdu);
    decoder.took(0xffff'fffd);
    EXPECT_EQ(decoder.next("").kind, Kind::need_more);
    EXPECT_EQ(decoder.next("\r\n0\r\n\r\n").kind, Kind::done);
}

TEST(ChunkDecoder, SaysTheSameAgainAfterItsEnd) {
    ChunkDecoder done(0);
    EXPECT_EQ(done.next("0\r\n\r\n").kind, Kind::done);
    EXPECT_EQ(done.next("x").kind, Kind::done);
    EXPECT_EQ(done.next("x").framing, 0u);
    ChunkDecoder failed(0);
    EXPECT_EQ(failed.next("1\r\n").code, Errc::body_too_large);
    const auto step = failed.next("0\r\n\r\n");
    EXPECT_EQ(step.kind, Kind::error);
    EXPECT_EQ(step.code, Errc::body_too_large);
    EXPECT_FALSE(step.detail.empty());
}

TEST(ChunkDecoder, BoundsTheSumOfAllChunks) {
    ChunkDecoder decoder(6);
    Decoded decoded;
    feed(decoder, "3\r\nabc\r\n3\r\ndef\r\n", decoded);
    EXPECT_EQ(decoded.content, "abcdef");
    feed(decoder, "1\r\n", decoded);
    EXPECT_EQ(decoded.end, Kind::error);
    EXPECT_EQ(decoded.code, Errc::body_too_large);
}

TEST(ChunkDecoder, BoundsTheLineOfOneChunk) {
    const auto line = [](size_t size) { return "0;" + std::string(size - 4, 'x') + "\r\n\r\n"; };
    EXPECT_EQ(decode_in_pieces(line(kChunkLineBytesMax), 1000).end, Kind::done);
    const auto decoded = decode_in_pieces(line(kChunkLineBytesMax + 1), 1000);
    EXPECT_EQ(decoded.end, Kind::error);
    EXPECT_EQ(decoded.code, Errc::bad_request);
    EXPECT_EQ(decode_in_pieces(std::string(kChunkLineBytesMax + 1, '0'), 1).end, Kind::error);
}

TEST(ChunkDecoder, BoundsAllTrailersTogether) {
    const auto message = [](size_t trailer_bytes) {
        return "0\r\nA: b\r\nC: " + std::string(trailer_bytes - 13, 'x') + "\r\n\r\n";
    };
    EXPECT_EQ(decode_in_pieces(message(kTrailerBytesMax), 7).end, Kind::done);
    const auto decoded = decode_in_pieces(message(kTrailerBytesMax + 1), 7);
    EXPECT_EQ(decoded.end, Kind::error);
    EXPECT_EQ(decoded.code, Errc::head_too_large);
}

TEST(ChunkDecoder, GuessesTheFramingBetweenChunksOfOneSize) {
    ChunkDecoder decoder(UINT64_MAX);
    EXPECT_EQ(decoder.next("10000\r\n").kind, Kind::content);
    EXPECT_EQ(decoder.framing_guess(), "\r\n10000\r\n"sv.size());
    decoder.took(0x10000);
    EXPECT_EQ(decoder.next("\r\n8000;a=b\r\n").kind, Kind::content);
    EXPECT_EQ(decoder.framing_guess(), "\r\n8000;a=b\r\n"sv.size());
    decoder.took(0x8000);
    EXPECT_EQ(decoder.next("\r\n5\r\n").kind, Kind::content);
    EXPECT_EQ(decoder.framing_guess(), "\r\n0\r\n\r\n"sv.size());
}

}  // namespace
}  // namespace inlay
