// A state machine over the bytes of chunked framing.
#include "serve/chunk_decoder.hpp"

#include <algorithm>
#include <limits>

#include "base/check.hpp"
#include "base/limits.hpp"
#include "base/field_rules.hpp"

namespace inlay {
namespace {

constexpr size_t kLastChunkBytes = 7;  // CR LF behind content, then "0" CR LF CR LF: what every request still sends.
constexpr unsigned kDigitBits = 4;

constexpr uint64_t hex_digit(char c) {
    return is_byte(c, kDigitByte) ? static_cast<uint64_t>(c - '0') : static_cast<uint64_t>((c | 0x20) - 'a') + 10;
}

// qdtext of RFC 9110, section 5.6.4.
constexpr bool is_quoted_byte(char c) { return is_byte(c, kValueByte) && c != '"' && c != '\\'; }

}  // namespace

ChunkStep ChunkDecoder::next(std::string_view in) noexcept {
    ChunkStep step;
    while (step.framing < in.size() && state_ != State::content && state_ != State::done && state_ != State::failed) {
        count_framing();
        if (state_ != State::failed) take(in[step.framing++]);
    }
    switch (state_) {
        case State::content:
            step.kind = ChunkStep::Kind::content;
            step.remaining = remaining_;
            break;
        case State::done:
            step.kind = ChunkStep::Kind::done;
            break;
        case State::failed:
            step.kind = ChunkStep::Kind::error;
            step.code = code_;
            step.detail = detail_;
            break;
        default:
            break;
    }
    return step;
}

void ChunkDecoder::took(uint64_t content_bytes) noexcept {
    INLAY_CHECK(content_bytes <= remaining_);
    remaining_ -= content_bytes;
    if (state_ == State::content && remaining_ == 0) state_ = State::content_return;
}

size_t ChunkDecoder::framing_guess() const noexcept { return std::max(kLastChunkBytes, 2 + line_bytes_); }

// Counts one more byte against the bound of what is being read.
void ChunkDecoder::count_framing() noexcept {
    if (state_ >= State::trailer_first) {
        if (++trailer_bytes_ > kTrailerBytesMax) fail(Errc::head_too_large, "the trailer fields are longer than 4 KiB");
    } else if (state_ <= State::size_line_feed) {
        if (++line_bytes_ > kChunkLineBytesMax) fail(Errc::bad_request, "a chunk-size line is longer than 256 bytes");
    }
}

void ChunkDecoder::take(char c) noexcept {
    switch (state_) {
        case State::size_first:
        case State::size_digits: return take_size(c);
        case State::extension_blank:
        case State::name_first:
        case State::name:
        case State::name_blank: return take_extension_name(c);
        case State::value_first:
        case State::value:
        case State::quoted:
        case State::quoted_pair:
        case State::quoted_end: return take_extension_value(c);
        case State::trailer_first:
        case State::trailer_name:
        case State::trailer_value: return take_trailer(c);
        case State::content_return:
            if (c != '\r') return fail(Errc::bad_request, "a chunk is longer than its size, or lacks its CR LF");
            state_ = State::content_line_feed;
            return;
        case State::size_line_feed:
        case State::content_line_feed:
        case State::trailer_line_feed:
        case State::last_line_feed: return take_line_feed(c);
        case State::content:
        case State::done:
        case State::failed: return;
    }
}

void ChunkDecoder::take_size(char c) noexcept {
    if (!is_byte(c, kHexByte)) {
        if (state_ == State::size_first)
            return fail(Errc::bad_request, "a chunk does not begin with its size in hex digits");
        return end_extension(c);
    }
    if (size_ > std::numeric_limits<uint64_t>::max() >> kDigitBits)
        return fail(Errc::body_too_large, "a chunk size does not fit into 64 bits");
    size_ = size_ << kDigitBits | hex_digit(c);
    state_ = State::size_digits;
}

// chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
void ChunkDecoder::take_extension_name(char c) noexcept {
    const bool blank = is_blank(c);
    if (state_ == State::extension_blank) {
        if (c == ';') state_ = State::name_first;
        if (blank || c == ';') return;
    } else if (state_ != State::name_blank && is_byte(c, kTokenByte)) {
        state_ = State::name;
        return;
    } else if (state_ == State::name_first) {
        if (blank) return;
    } else if (c == '=') {
        state_ = State::value_first;
        return;
    } else if (blank) {
        state_ = State::name_blank;
        return;
    } else if (c == ';' || state_ == State::name) {
        return end_extension(c);
    }
    fail(Errc::bad_request, "a chunk extension is malformed");
}

// chunk-ext-val = token / quoted-string
void ChunkDecoder::take_extension_value(char c) noexcept {
    if (state_ == State::quoted_end) return end_extension(c);
    if (state_ == State::quoted_pair) {
        if (!is_byte(c, kValueByte)) return fail(Errc::bad_request, "a chunk extension is malformed");
        state_ = State::quoted;
    } else if (state_ == State::quoted) {
        if (c == '"') {
            state_ = State::quoted_end;
        } else if (c == '\\') {
            state_ = State::quoted_pair;
        } else if (!is_quoted_byte(c)) {
            fail(Errc::bad_request, "a chunk extension is malformed");
        }
    } else if (is_byte(c, kTokenByte)) {
        state_ = State::value;
    } else if (state_ == State::value) {
        end_extension(c);
    } else if (c == '"') {
        state_ = State::quoted;
    } else if (!is_blank(c)) {
        fail(Errc::bad_request, "a chunk extension is malformed");
    }
}

// What may follow a size or a whole extension: another one, or the end of the line.
void ChunkDecoder::end_extension(char c) noexcept {
    if (c == '\r') {
        state_ = State::size_line_feed;
    } else if (c == ';') {
        state_ = State::name_first;
    } else if (is_blank(c)) {
        state_ = State::extension_blank;
    } else {
        fail(Errc::bad_request, "a chunk size is followed by neither CR LF nor an extension");
    }
}

void ChunkDecoder::take_trailer(char c) noexcept {
    if (state_ == State::trailer_value) {
        if (c == '\r') {
            state_ = State::trailer_line_feed;
        } else if (!is_byte(c, kValueByte)) {
            fail(Errc::bad_request, "a trailer value holds a control byte");
        }
    } else if (is_byte(c, kTokenByte)) {
        state_ = State::trailer_name;
    } else if (c == ':' && state_ == State::trailer_name) {
        state_ = State::trailer_value;
    } else if (c == '\r' && state_ == State::trailer_first) {
        state_ = State::last_line_feed;
    } else {
        fail(Errc::bad_request, "a trailer line is not NAME: VALUE");
    }
}

void ChunkDecoder::take_line_feed(char c) noexcept {
    if (c != '\n') return fail(Errc::bad_request, "a CR in the chunk framing is not followed by LF");
    switch (state_) {
        case State::size_line_feed: return begin_chunk();
        case State::content_line_feed:
            size_ = line_bytes_ = 0;
            state_ = State::size_first;
            return;
        case State::trailer_line_feed: state_ = State::trailer_first; return;
        default: state_ = State::done; return;
    }
}

void ChunkDecoder::begin_chunk() noexcept {
    if (size_ > allowed_) return fail(Errc::body_too_large, "the chunks are longer than a body may be");
    allowed_ -= size_;
    remaining_ = size_;
    state_ = size_ == 0 ? State::trailer_first : State::content;
}

void ChunkDecoder::fail(Errc code, std::string_view detail) noexcept {
    code_ = code;
    detail_ = detail;
    state_ = State::failed;
}

}  // namespace inlay
