// Answers with the lines of its input that contain `word`, as `LC_ALL=C grep -aF` does.
//
// Lines in few runs leave as ranges of the input window; many runs are copied into one output window made to measure.
#include <wasm_simd128.h>

#include "inlay.hpp"

namespace {

constexpr uint32_t kVector = 16;
constexpr uint32_t kWordBytesMax = 1024;
constexpr uint32_t kRangesMax = 1024;

// Loads up to 15 bytes past both; `word` is followed by as many in its buffer, `at` by those after a window.
bool equal(const uint8_t* at, inlay::Text word) {
    for (uint32_t i = 0; i < word.size(); i += kVector) {
        uint32_t asked = word.size() - i < kVector ? (1u << (word.size() - i)) - 1 : 0xffff;
        v128_t same = wasm_i8x16_eq(wasm_v128_load(at + i), wasm_v128_load(word.data() + i));
        if ((wasm_i8x16_bitmask(same) & asked) != asked) return false;
    }
    return true;
}

// Where the word, not empty, begins first at or after `from`, or text.size(). Loads at most 63 bytes past the end:
// behind the last start come the word's other bytes, and a block looks at up to 63 starts more.
uint32_t find(inlay::Bytes text, uint32_t from, inlay::Text word) {
    if (text.size() < word.size()) return text.size();
    const uint32_t starts = text.size() - word.size() + 1;
    const v128_t first = wasm_i8x16_splat(word[0]);
    const v128_t last = wasm_i8x16_splat(word[word.size() - 1]);
    for (uint32_t i = from; i < starts; i += 4 * kVector) {
        const uint8_t* at = text.data() + i;
        auto candidates = [&](uint32_t vector) {
            v128_t begins = wasm_i8x16_eq(wasm_v128_load(at + vector), first);
            return wasm_v128_and(begins, wasm_i8x16_eq(wasm_v128_load(at + vector + word.size() - 1), last));
        };
        v128_t a = candidates(0), b = candidates(16), c = candidates(32), d = candidates(48);
        if (!wasm_v128_any_true(wasm_v128_or(wasm_v128_or(a, b), wasm_v128_or(c, d)))) continue;
        uint64_t mask = uint64_t{wasm_i8x16_bitmask(a)} | uint64_t{wasm_i8x16_bitmask(b)} << 16 |
                        uint64_t{wasm_i8x16_bitmask(c)} << 32 | uint64_t{wasm_i8x16_bitmask(d)} << 48;
        for (; mask != 0; mask &= mask - 1) {
            uint32_t start = i + static_cast<uint32_t>(__builtin_ctzll(mask));
            if (start >= starts) return text.size();
            if (equal(text.data() + start, word)) return start;
        }
    }
    return text.size();
}

// Just past the newline before `at`, or `from`. Requires: a line begins at `from` <= `at`.
uint32_t line_begin(inlay::Bytes text, uint32_t from, uint32_t at) {
    while (at > from && text[at - 1] != '\n') at--;
    return at;
}

// Just past the newline at or after `at`, or text.size().
uint32_t line_end(inlay::Bytes text, uint32_t at) {
    for (; at < text.size(); at += kVector) {
        v128_t newlines = wasm_i8x16_eq(wasm_v128_load(text.data() + at), wasm_i8x16_splat('\n'));
        if (!wasm_v128_any_true(newlines)) continue;
        at += static_cast<uint32_t>(__builtin_ctz(wasm_i8x16_bitmask(newlines))) + 1;
        break;
    }
    return at < text.size() ? at : text.size();
}

// Calls take(run) for each run of neighbouring lines that contain the word.
template <typename Take>
void each_run(inlay::Bytes text, inlay::Text word, Take take) {
    if (word.empty()) return text.empty() ? void() : take(text);
    uint32_t begin = 0, end = 0;
    for (uint32_t at; end < text.size() && (at = find(text, end, word)) < text.size();) {
        uint32_t line = line_begin(text, end, at);
        if (line != end && begin != end) take(text.piece(begin, end - begin));
        if (line != end) begin = line;
        end = line_end(text, at + word.size());
    }
    if (begin != end) take(text.piece(begin, end - begin));
}

}  // namespace

INLAY_ANSWER {
    static char buffer[kWordBytesMax + kVector];
    static inlay_range ranges[kRangesMax];

    auto parameter = inlay::parameter("word", {buffer, kWordBytesMax});
    if (parameter.error().code == INLAY_E_ABSENT) return inlay::fail(400, "word: this parameter is needed");
    INLAY_TRY(inlay::Text word, parameter);
    for (char byte : word)
        if (byte == '\n') return inlay::fail(400, "word: a newline is not allowed");
    INLAY_TRY(inlay::Window window, inlay::map_input());
    inlay::Bytes text = window.bytes();

    uint32_t count = 0, size = 0;
    const uint8_t* end = nullptr;
    each_run(text, word, [&](inlay::Bytes run) {
        if (count < kRangesMax) ranges[count] = inlay_range_of(run.data(), run.size());
        count++;
        size += run.size();
        end = run.end();
    });
    const bool add_newline = end != nullptr && end[-1] != '\n';
    if (count + add_newline <= kRangesMax) {
        if (add_newline) ranges[count] = inlay_range_of("\n", 1);
        window.release();
        return inlay::respond("text/plain", {ranges, count + add_newline});
    }

    INLAY_TRY(inlay::Output output, inlay::Output::create(uint64_t{size} + add_newline));
    inlay::Span<uint8_t> rest = output.bytes();
    each_run(text, word, [&](inlay::Bytes run) {
        __builtin_memcpy(rest.data(), run.data(), run.size());
        rest = rest.piece(run.size(), rest.size() - run.size());
    });
    if (add_newline) rest[0] = '\n';
    return inlay::respond("text/plain", static_cast<inlay::Output&&>(output));
}
