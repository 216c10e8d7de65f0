// Reads the framing of chunked content and leaves the content itself where it is.
//
//     ChunkDecoder decoder(max_body);
//     auto step = decoder.next(in);               // takes framing bytes off the front of `in`
//     in.remove_prefix(step.framing);
//     if (step.kind == ChunkStep::Kind::content)  // at most step.remaining bytes, out of `in` or from the socket
//         decoder.took(receive_into_pages(step.remaining));
//
//     5;name=value\r\n  hello  \r\n   0\r\n   Trailer: field\r\n   \r\n
//     [--- framing --] content [framing ----------------------------]
//
// Strict by RFC 9112, section 7.1: exact CR LF, extensions and trailers are checked by their grammar, then ignored.
// Invariants: nothing is stored but numbers; the outcome does not depend on how the bytes were split.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/errc.hpp"

namespace inlay {

struct ChunkStep {
    enum class Kind : uint8_t {
        need_more,  // All of `in` was framing.
        content,    // Content comes next, at least one byte.
        done,       // The request ends here; what follows is the next one.
        error,
    };
    Kind kind = Kind::need_more;
    Errc code = Errc::bad_request;  // With error: bad_request, body_too_large, head_too_large (trailers).
    size_t framing = 0;             // Bytes at the front of `in` that were framing.
    uint64_t remaining = 0;         // With content: bytes left of this chunk.
    std::string_view detail;        // With error: a literal.
};

class ChunkDecoder {
  public:
    // `content_bytes_max` bounds the sum of all chunks; a chunk that would pass it is refused before its first byte.
    explicit ChunkDecoder(uint64_t content_bytes_max) noexcept : allowed_(content_bytes_max) {}

    // Reads framing until content comes, or `in` or the request ends. After done or error it says the same again.
    ChunkStep next(std::string_view in) noexcept;

    // Tells that `content_bytes` of content were taken. Requires: at most `remaining` of the last step.
    void took(uint64_t content_bytes) noexcept;

    // How many framing bytes to expect behind this chunk's content, for receiving both in one scatter call: CR LF and a
    // line as long as this chunk's own, so that no content of a next chunk of that size comes with it. At least 7, as
    // every request still has "\r\n0\r\n\r\n" to come. When the next line is shorter, or this one has under 5 bytes,
    // some of what was received lies past the framing: give all of it to next() and go on as with any other bytes.
    size_t framing_guess() const noexcept;

  private:
    // In the order of the bytes: count_framing() relies on it.
    enum class State : uint8_t {
        size_first,
        size_digits,
        extension_blank,
        name_first,
        name,
        name_blank,
        value_first,
        value,
        quoted,
        quoted_pair,
        quoted_end,
        size_line_feed,
        content,
        content_return,
        content_line_feed,
        trailer_first,
        trailer_name,
        trailer_value,
        trailer_line_feed,
        last_line_feed,
        done,
        failed,
    };

    void take(char c) noexcept;
    void take_size(char c) noexcept;
    void take_extension_name(char c) noexcept;
    void take_extension_value(char c) noexcept;
    void take_trailer(char c) noexcept;
    void take_line_feed(char c) noexcept;
    void end_extension(char c) noexcept;
    void begin_chunk() noexcept;
    void count_framing() noexcept;
    void fail(Errc code, std::string_view detail) noexcept;

    uint64_t allowed_;           // Content bytes that further chunks may still have.
    uint64_t size_ = 0;          // The size in the line that is being read.
    uint64_t remaining_ = 0;     // Content bytes left of this chunk.
    size_t line_bytes_ = 0;      // Of the last chunk-size line so far, its CR LF too.
    size_t trailer_bytes_ = 0;   // Everything behind the last chunk's line so far.
    std::string_view detail_;
    State state_ = State::size_first;
    Errc code_ = Errc::bad_request;
};

}  // namespace inlay
