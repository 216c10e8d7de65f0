// Counts lines, words and bytes of its input as wc.c does, which says what a word is: a range of windows, a bit for each byte.
#include <wasm_simd128.h>

#include "inlay_windows.hpp"

namespace {

constexpr uint32_t kVector = 16;
constexpr uint32_t kBlock = 64;  // bytes, whose classes fit the bits of a u64

// The bit of each byte of a block for which `is` holds.
template <typename Is>
uint64_t bits_of(const uint8_t* block, Is is) {
    uint64_t bits = 0;
    for (uint32_t i = 0; i < kBlock; i += kVector) bits |= uint64_t{wasm_i8x16_bitmask(is(wasm_v128_load(block + i)))} << i;
    return bits;
}

v128_t is_newline(v128_t bytes) { return wasm_i8x16_eq(bytes, wasm_i8x16_splat('\n')); }
v128_t is_printable(v128_t bytes) {
    return wasm_u8x16_lt(wasm_i8x16_sub(bytes, wasm_i8x16_splat('!')), wasm_i8x16_splat(0x7f - '!'));
}
v128_t is_space(v128_t bytes) {
    const v128_t is_control = wasm_u8x16_lt(wasm_i8x16_sub(bytes, wasm_i8x16_splat('\t')), wasm_i8x16_splat(5));
    return wasm_v128_or(is_control, wasm_i8x16_eq(bytes, wasm_i8x16_splat(' ')));
}

class Counts {
  public:
    // Best with pieces that are multiples of kBlock.
    void add(inlay::Bytes text) {
        const uint32_t whole = text.size() - text.size() % kBlock;
        for (uint32_t i = 0; i < whole; i += kBlock) add_block(text.data() + i);
        uint8_t rest[kBlock] = {};  // zeros are neither spaces nor printable: they change nothing
        __builtin_memcpy(rest, text.data() + whole, text.size() - whole);
        add_block(rest);
        bytes_ += text.size();
    }
    inlay::Answer answer() const {
        static char json[128];
        inlay_text text = {json, sizeof json, 0, 0};
        inlay_text_add(&text, "{\"lines\":");
        inlay_text_add_u64(&text, lines_);
        inlay_text_add(&text, ",\"words\":");
        inlay_text_add_u64(&text, words_ + in_word_);
        inlay_text_add(&text, ",\"bytes\":");
        inlay_text_add_u64(&text, bytes_);
        inlay_text_add(&text, "}\n");
        return inlay::respond("application/json", inlay::Text(text.data, text.size));
    }

  private:
    void add_block(const uint8_t* block) {
        const uint64_t spaces = bits_of(block, is_space), printables = bits_of(block, is_printable);
        // A printable makes its run of bytes that are no spaces overflow into the space that ends it: wc.c has the proof.
        const uint64_t sum = ~spaces + printables, ends = sum + in_word_;
        in_word_ = (sum < printables) | (ends < sum);
        words_ += static_cast<uint64_t>(__builtin_popcountll(ends & spaces));
        lines_ += static_cast<uint64_t>(__builtin_popcountll(bits_of(block, is_newline)));
    }

    uint64_t lines_ = 0;
    uint64_t words_ = 0;    // that have ended
    uint64_t in_word_ = 0;  // 1: the word before this point has not ended
    uint64_t bytes_ = 0;
};

// The body while it comes.
inlay::Answer count_stream() {
    Counts counts;
    for (;;) {
        INLAY_TRY(inlay::Bytes piece, inlay::receive());
        if (piece.empty()) return counts.answer();
        counts.add(piece);
    }
}

}  // namespace

INLAY_ANSWER {
    if (inlay_wants_stream()) return count_stream();
    Counts counts;
    INLAY_TRY(inlay::Source source, inlay::Source::input());
    inlay::Windows windows(source);
    for (inlay::Bytes text : windows) counts.add(text);
    if (windows.error().code < 0) return windows.error();
    return counts.answer();
}
