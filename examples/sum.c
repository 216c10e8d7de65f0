/* Sums the little-endian 64-bit words of its input modulo 2^64; `offset` and `length` choose a piece, in bytes.
 * The input may be larger than memory: a window moves over it. */
#include <wasm_simd128.h>

#include "inlay_windows.h"

static uint64_t sum_words(inlay_view view) {
    const uint8_t* at = view.data;
    uint32_t words = view.size / 8;
    v128_t a = wasm_i64x2_splat(0), b = a, c = a, d = a;
    /* 256 bytes a round: the host's deadline check costs as much as 64 bytes of this. */
    for (; words >= 32; words -= 32, at += 256) {
        for (uint32_t i = 0; i < 256; i += 64) {
            a = wasm_i64x2_add(a, wasm_v128_load(at + i));
            b = wasm_i64x2_add(b, wasm_v128_load(at + i + 16));
            c = wasm_i64x2_add(c, wasm_v128_load(at + i + 32));
            d = wasm_i64x2_add(d, wasm_v128_load(at + i + 48));
        }
    }
    for (; words != 0; words--, at += 8) a = wasm_i64x2_add(a, wasm_v128_load64_zero(at));
    a = wasm_i64x2_add(wasm_i64x2_add(a, b), wasm_i64x2_add(c, d));
    return (uint64_t)wasm_i64x2_extract_lane(a, 0) + (uint64_t)wasm_i64x2_extract_lane(a, 1);
}

INLAY_FUNCTION {
    uint64_t offset = 0, length, sum = 0;
    inlay_source source;
    inlay_windows windows;
    inlay_view view;
    int32_t code = inlay_input_source(&source);
    if (code < 0) return inlay_fail_parameter(code, "object");
    if (inlay_parameter_u64("offset", &offset) < 0) return inlay_fail_parameter(INLAY_E_ARGUMENT, "offset");
    if (offset > source.size) return inlay_fail_parameter(INLAY_E_RANGE, "offset");
    length = source.size - offset;
    if (inlay_parameter_u64("length", &length) < 0) return inlay_fail_parameter(INLAY_E_ARGUMENT, "length");
    if (length > source.size - offset) return inlay_fail_parameter(INLAY_E_RANGE, "length");
    code = inlay_records_begin(&windows, &source, offset, length, sizeof(uint64_t));
    while (code >= 0 && (code = inlay_windows_next(&windows, &view)) > 0) sum += sum_words(view);
    if (code < 0) return inlay_fail_parameter(code, "object");
    return inlay_respond_u64(sum);
}
