/* The compiler's <wasm_simd128.h> for native tests of functions that use it: SIMDe says the same with the machine's own vectors.
 * Put this directory on the include path of native builds only. */
#ifndef INLAY_NATIVE_WASM_SIMD128_H
#define INLAY_NATIVE_WASM_SIMD128_H

#if !__has_include(<simde/wasm/simd128.h>)
#error "native tests of functions with <wasm_simd128.h> need SIMDe: apt install libsimde-dev (or put it on the include path)"
#endif
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/wasm/simd128.h>

/* Not in SIMDe 0.7. */
#ifndef wasm_u32x4_extract_lane
#define wasm_u32x4_extract_lane(vector, lane) ((uint32_t)wasm_i32x4_extract_lane(vector, lane))
#endif
#ifndef wasm_u64x2_extract_lane
#define wasm_u64x2_extract_lane(vector, lane) ((uint64_t)wasm_i64x2_extract_lane(vector, lane))
#endif

#endif
