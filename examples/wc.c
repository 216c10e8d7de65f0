/* Counts lines, words and bytes of its input as `LC_ALL=C wc -lwc` does.
 *
 * A word ends at a space (\t \n \v \f \r and blank) and holds at least one printable byte (0x21 to 0x7e); all other
 * bytes neither make a word nor end one.
 */
#include <wasm_simd128.h>

#include "inlay_windows.h"

enum {
    VECTOR = 16,
    BLOCK = 4 * VECTOR,  /* bytes whose classes fit the bits of a u64 */
    BLOCKS_PER_TALLY = 63 /* 63 * 4 vectors: a byte of the tally stays below 256 */
};

typedef struct counts {
    uint64_t lines;
    uint64_t words;   /* that have ended */
    uint64_t in_word; /* 1: the word before this point has not ended */
} counts;

static inline v128_t at_least_and_below(v128_t bytes, uint8_t first, uint8_t count) {
    /* Moves `first` to the smallest signed byte, so that one signed comparison decides. */
    v128_t moved = wasm_i8x16_add(bytes, wasm_i8x16_splat((int8_t)(0x80 - first)));
    return wasm_i8x16_lt(moved, wasm_i8x16_splat((int8_t)(0x80 + count)));
}

/* Counts the words of one block and adds its newlines to the tally. */
static inline v128_t count_block(const uint8_t* block, v128_t tally, counts* total) {
    uint64_t spaces = 0, printables = 0;
    for (int i = 0; i < BLOCK / VECTOR; i++) {
        v128_t bytes = wasm_v128_load(block + VECTOR * i);
        v128_t space = wasm_v128_or(at_least_and_below(bytes, '\t', 5), wasm_i8x16_eq(bytes, wasm_i8x16_splat(' ')));
        tally = wasm_i8x16_sub(tally, wasm_i8x16_eq(bytes, wasm_i8x16_splat('\n')));
        spaces |= (uint64_t)wasm_i8x16_bitmask(space) << (VECTOR * i);
        printables |= (uint64_t)wasm_i8x16_bitmask(at_least_and_below(bytes, 0x21, 0x7f - 0x21)) << (VECTOR * i);
    }
    /* Each run of ones in ~spaces is a word if it holds a printable. Adding the printables to the run, and the carry of
     * an unfinished word to its lowest bit, makes it overflow exactly then, and exactly into the bit of the space that
     * ends it. No further: the sum stays below twice that bit's value, because the printables are part of the run. */
    uint64_t sum = ~spaces + printables;
    uint64_t carry = sum < printables;
    uint64_t ends = sum + total->in_word;
    total->in_word = carry | (ends < sum);
    total->words += (uint64_t)__builtin_popcountll(ends & spaces);
    return tally;
}

static inline uint64_t sum_of_bytes(v128_t tally) {
    v128_t sums = wasm_u32x4_extadd_pairwise_u16x8(wasm_u16x8_extadd_pairwise_u8x16(tally));
    return (uint64_t)wasm_u32x4_extract_lane(sums, 0) + wasm_u32x4_extract_lane(sums, 1) +
           wasm_u32x4_extract_lane(sums, 2) + wasm_u32x4_extract_lane(sums, 3);
}

/* What a piece adds to what came before it. Best with pieces that are multiples of BLOCK. */
static counts count(inlay_view text, counts total) {
    const uint8_t* at = text.data;
    uint32_t left = text.size;
    while (left >= BLOCK) {
        uint32_t blocks = left / BLOCK < BLOCKS_PER_TALLY ? left / BLOCK : BLOCKS_PER_TALLY;
        v128_t tally = wasm_i8x16_splat(0);
        left -= blocks * BLOCK;
        for (; blocks != 0; blocks--, at += BLOCK) tally = count_block(at, tally, &total);
        total.lines += sum_of_bytes(tally);
    }
    uint8_t rest[BLOCK] = {0}; /* zeros are neither spaces nor printable: they change nothing */
    for (uint32_t i = 0; i < left; i++) rest[i] = at[i];
    total.lines += sum_of_bytes(count_block(rest, wasm_i8x16_splat(0), &total));
    return total;
}

/* Counts an input of any size, window by window, and gives its size. Returns 0 or an error. */
static int32_t count_input(counts* total, uint64_t* bytes) {
    inlay_source source;
    inlay_windows windows;
    inlay_view view;
    int32_t code = inlay_input_source(&source);
    if (code >= 0) code = inlay_records_begin(&windows, &source, 0, INLAY_REST, BLOCK);
    while (code >= 0 && (code = inlay_windows_next(&windows, &view)) > 0) *total = count(view, *total);
    *bytes = source.size;
    return code;
}

/* The same with the body, while it comes. */
static int32_t count_stream(counts* total, uint64_t* bytes) {
    inlay_view piece;
    int32_t code;
    *bytes = 0;
    while ((code = inlay_receive_view(&piece)) > 0) {
        *total = count(piece, *total);
        *bytes += piece.size;
    }
    return code;
}

INLAY_FUNCTION {
    static char json[128];
    inlay_text text = {json, sizeof json, 0, 0};
    counts total = {0, 0, 0};
    uint64_t bytes;
    int32_t code = inlay_wants_stream() ? count_stream(&total, &bytes) : count_input(&total, &bytes);
    if (code < 0) return inlay_fail_parameter(code, "object");

    inlay_text_add(&text, "{\"lines\":");
    inlay_text_add_u64(&text, total.lines);
    inlay_text_add(&text, ",\"words\":");
    inlay_text_add_u64(&text, total.words + total.in_word);
    inlay_text_add(&text, ",\"bytes\":");
    inlay_text_add_u64(&text, bytes);
    inlay_text_add(&text, "}\n");
    return inlay_respond_bytes("application/json", text.data, text.size);
}
