/* The WebAssembly vector operations that examples/wc.c uses, in those of this machine: one instruction each, where there is one. */
#pragma once

#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

typedef int8_t v128_t __attribute__((vector_size(16)));
typedef uint8_t wasm_u8x16 __attribute__((vector_size(16)));
typedef uint16_t wasm_u16x8 __attribute__((vector_size(16)));
typedef uint32_t wasm_u32x4 __attribute__((vector_size(16)));

static inline v128_t wasm_v128_load(const void* from) {
    v128_t vector;
    memcpy(&vector, from, sizeof vector);
    return vector;
}

static inline v128_t wasm_i8x16_splat(int8_t byte) { return byte - (v128_t){0}; }
static inline v128_t wasm_i8x16_add(v128_t a, v128_t b) { return (v128_t)((wasm_u8x16)a + (wasm_u8x16)b); }
static inline v128_t wasm_i8x16_sub(v128_t a, v128_t b) { return (v128_t)((wasm_u8x16)a - (wasm_u8x16)b); }
static inline v128_t wasm_i8x16_lt(v128_t a, v128_t b) { return a < b; }
static inline v128_t wasm_i8x16_eq(v128_t a, v128_t b) { return a == b; }
static inline v128_t wasm_v128_or(v128_t a, v128_t b) { return a | b; }

static inline uint32_t wasm_i8x16_bitmask(v128_t a) {
#ifdef __SSE2__
    return (uint32_t)_mm_movemask_epi8((__m128i)a);
#else
    uint32_t bits = 0;
    for (int i = 0; i < 16; i++) bits |= (uint32_t)(a[i] < 0) << i;
    return bits;
#endif
}

static inline v128_t wasm_u16x8_extadd_pairwise_u8x16(v128_t a) {
    wasm_u16x8 pairs = (wasm_u16x8)a;
    return (v128_t)((pairs & 0xff) + (pairs >> 8));
}

static inline v128_t wasm_u32x4_extadd_pairwise_u16x8(v128_t a) {
    wasm_u32x4 pairs = (wasm_u32x4)a;
    return (v128_t)((pairs & 0xffff) + (pairs >> 16));
}

static inline uint32_t wasm_u32x4_extract_lane(v128_t a, int lane) { return ((wasm_u32x4)a)[lane]; }
