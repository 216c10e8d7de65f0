/* Sums `n` 64-bit words of its input modulo 2^64, drawn by chance from `seed`; only their pages are brought in. */
#include "inlay_sdk.h"

static uint64_t word_at(const uint8_t* words, uint64_t index) {
    uint64_t word;
    __builtin_memcpy(&word, words + index * 8, 8); /* one load; the address need not be aligned */
    return word;
}

INLAY_FUNCTION {
    uint64_t n = 1, seed = 0;
    inlay_view view;
    if (inlay_parameter_u64("n", &n) < 0) return inlay_fail_parameter(INLAY_E_ARGUMENT, "n");
    if (inlay_parameter_u64("seed", &seed) < 0) return inlay_fail_parameter(INLAY_E_ARGUMENT, "seed");
    int32_t code = inlay_input_piece(0, INLAY_REST, INLAY_MAP_RANDOM, &view);
    if (code < 0) return inlay_fail_parameter(code, "object");

    uint64_t sum = 0, x = seed;
    uint32_t words = view.size / 8;
    if (words == 0) n = 0; /* nothing to draw from */
    for (; n != 0; n--) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        sum += word_at(view.data, (uint32_t)(x >> 33) % words);
    }
    return inlay_respond_u64(sum);
}
