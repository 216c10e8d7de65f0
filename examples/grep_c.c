/* Answers with the lines of its input that contain `word`, as grep.cpp does.
 *
 * Lines in few runs leave as ranges of the input window; many runs are copied into one output window made to measure. */
#include <wasm_simd128.h>

#include "inlay_sdk.h"

enum { VECTOR = 16, BLOCK = 4 * VECTOR, WORD_BYTES_MAX = 1024, RANGES_MAX = 1024 };

/* Goes over the runs of neighbouring lines that contain the word. */
typedef struct search {
    inlay_view text;
    inlay_view word; /* followed by VECTOR readable bytes, as the text is by 64 */
    uint32_t at;     /* all before this is looked through: a line begins here, or the text ends */
    uint32_t begin;  /* the run that is not given yet: [begin, end) */
    uint32_t end;
} search;

static search search_begin(inlay_view text, inlay_view word) {
    /* Every line contains the empty word. */
    uint32_t seen = word.size == 0 ? text.size : 0;
    return (search){text, word, seen, 0, seen};
}

/* Loads up to 15 bytes past both. */
static int is_word(const uint8_t* at, inlay_view word) {
    for (uint32_t i = 0; i < word.size; i += VECTOR) {
        uint32_t asked = word.size - i < VECTOR ? (1u << (word.size - i)) - 1 : 0xffff;
        v128_t same = wasm_i8x16_eq(wasm_v128_load(at + i), wasm_v128_load(word.data + i));
        if ((wasm_i8x16_bitmask(same) & asked) != asked) return 0;
    }
    return 1;
}

/* A bit for each of 64 places from `at` on where the first and the last byte of the word fit. */
static uint64_t candidates(const uint8_t* at, uint32_t last, v128_t first_byte, v128_t last_byte) {
    uint64_t bits = 0;
    for (uint32_t i = 0; i < BLOCK; i += VECTOR) {
        v128_t begins = wasm_i8x16_eq(wasm_v128_load(at + i), first_byte);
        v128_t ends = wasm_i8x16_eq(wasm_v128_load(at + i + last), last_byte);
        bits |= (uint64_t)wasm_i8x16_bitmask(wasm_v128_and(begins, ends)) << i;
    }
    return bits;
}

/* Where the word, not empty, begins first at or after `from`, or text.size. Loads at most 63 bytes past the end: behind the
 * last start come the word's other bytes, and a block looks at up to 63 starts more. */
static uint32_t find(inlay_view text, uint32_t from, inlay_view word) {
    if (text.size < word.size) return text.size;
    const uint32_t last = word.size - 1, starts = text.size - last;
    const v128_t first_byte = wasm_i8x16_splat((int8_t)word.data[0]), last_byte = wasm_i8x16_splat((int8_t)word.data[last]);
    for (uint32_t i = from; i < starts; i += BLOCK) {
        uint64_t bits = candidates(text.data + i, last, first_byte, last_byte);
        for (; bits != 0; bits &= bits - 1) {
            uint32_t start = i + (uint32_t)__builtin_ctzll(bits);
            if (start >= starts) return text.size;
            if (is_word(text.data + start, word)) return start;
        }
    }
    return text.size;
}

/* Just past the newline at or after `at`, or text.size. */
static uint32_t line_end(inlay_view text, uint32_t at) {
    for (; at < text.size; at += VECTOR) {
        v128_t newlines = wasm_i8x16_eq(wasm_v128_load(text.data + at), wasm_i8x16_splat('\n'));
        if (!wasm_v128_any_true(newlines)) continue;
        at += (uint32_t)__builtin_ctz(wasm_i8x16_bitmask(newlines)) + 1;
        break;
    }
    return at < text.size ? at : text.size;
}

/* Gives the next run. Returns 1, or 0 when there are no more. */
static int search_next(search* search, inlay_view* run) {
    const inlay_view text = search->text;
    while (search->at < text.size) {
        uint32_t found = find(text, search->at, search->word), line = found;
        if (found == text.size) break;
        while (line > search->at && text.data[line - 1] != '\n') line--;
        *run = (inlay_view){text.data + search->begin, search->end - search->begin};
        const int is_apart = line != search->end;
        if (is_apart) search->begin = line;
        search->at = search->end = line_end(text, found + search->word.size);
        if (is_apart && run->size != 0) return 1;
    }
    *run = (inlay_view){text.data + search->begin, search->end - search->begin};
    search->at = text.size;
    search->begin = search->end;
    return run->size != 0;
}

/* Answers with all runs, which have so many bytes together, from one output window. */
static int32_t respond_copied(search runs, uint64_t size, int add_newline) {
    inlay_range output;
    inlay_view run;
    int32_t code = inlay_output(size + (uint32_t)add_newline, &output);
    if (code < 0) return inlay_fail_parameter(code, "object");
    uint8_t* to = (uint8_t*)(uintptr_t)output.address;
    for (; search_next(&runs, &run); to += run.size) __builtin_memcpy(to, run.data, run.size);
    if (add_newline) *to = '\n';
    return inlay_respond_ranges("text/plain", &output, 1);
}

INLAY_FUNCTION {
    static char buffer[WORD_BYTES_MAX + VECTOR];
    static inlay_range ranges[RANGES_MAX];
    inlay_view text, run;
    int32_t length = inlay_parameter("word", buffer, WORD_BYTES_MAX);
    if (length == INLAY_E_ABSENT) return inlay_fail(400, "word: this parameter is needed");
    if (length < 0) return inlay_fail_parameter(length, "word");
    for (int32_t i = 0; i < length; i++)
        if (buffer[i] == '\n') return inlay_fail(400, "word: a newline is not allowed");
    int32_t code = inlay_input(&text);
    if (code < 0) return inlay_fail_parameter(code, "object");

    const search all = search_begin(text, (inlay_view){(const uint8_t*)buffer, (uint32_t)length});
    uint32_t count = 0;
    uint64_t size = 0;
    int add_newline = 0;
    for (search runs = all; search_next(&runs, &run); count++, size += run.size) {
        if (count < RANGES_MAX) ranges[count] = inlay_range_of(run.data, run.size);
        add_newline = run.data[run.size - 1] != '\n';
    }
    if (count + (uint32_t)add_newline > RANGES_MAX) return respond_copied(all, size, add_newline);
    if (add_newline) ranges[count++] = inlay_range_of("\n", 1);
    return inlay_respond_ranges("text/plain", ranges, count);
}
