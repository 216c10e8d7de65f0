// What must hold for ChunkDecoder on any bytes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/check.hpp"
#include "base/limits.hpp"
#include "input_text.hpp"
#include "serve/chunk_decoder.hpp"

namespace inlay::fuzz::chunk_decoder {

inline constexpr uint64_t kContentBytesMax = 4 * KiB;

struct Decoded {
    ChunkStep::Kind end = ChunkStep::Kind::need_more;
    Errc code = Errc::bad_request;
    size_t consumed = 0;
    std::string content;

    friend bool operator==(const Decoded&, const Decoded&) = default;
};

inline Decoded decode(std::string_view bytes, size_t piece_bytes) {
    ChunkDecoder decoder(kContentBytesMax);
    Decoded decoded;
    std::string_view in;
    for (;;) {
        const auto step = decoder.next(in);
        INLAY_CHECK(step.framing <= in.size());
        INLAY_CHECK(decoder.framing_guess() >= 7 && decoder.framing_guess() <= kChunkLineBytesMax + 3);
        in.remove_prefix(step.framing);
        decoded.consumed += step.framing;
        decoded.end = step.kind;
        decoded.code = step.code;
        if (step.kind == ChunkStep::Kind::done || step.kind == ChunkStep::Kind::error) return decoded;
        if (step.kind == ChunkStep::Kind::content && !in.empty()) {
            const auto content = in.substr(0, std::min<uint64_t>(step.remaining, in.size()));
            decoder.took(content.size());
            decoded.content += content;
            decoded.consumed += content.size();
            in.remove_prefix(content.size());
            continue;
        }
        INLAY_CHECK(in.empty());
        if (bytes.empty()) return decoded;
        in = bytes.substr(0, piece_bytes);
        bytes.remove_prefix(in.size());
    }
}

// The content and the end do not depend on the size of the pieces.
inline void one_input(std::span<const uint8_t> input) {
    const auto bytes = as_text(input);
    const auto whole = decode(bytes, bytes.size() + 1);
    INLAY_CHECK(whole.content.size() <= kContentBytesMax && whole.consumed <= bytes.size());
    INLAY_CHECK(whole == decode(bytes, 1));
    INLAY_CHECK(whole == decode(bytes, 3));
}

}  // namespace inlay::fuzz::chunk_decoder
