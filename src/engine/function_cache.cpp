// The engine's own incremental compilation, with its store in memory (engine/lib.rs).
#include "engine/function_cache.hpp"

#include "base/check.hpp"
#include "base/limits.hpp"
#include "engine/c_handle.hpp"

// What the engine's crate adds to the C API.
extern "C" {
void* inlay_function_cache_new(const uint8_t* bytes, size_t length, size_t most);
void inlay_function_cache_delete(void* cache);
void inlay_function_cache_take(const void* cache, wasm_byte_vec_t* out);
bool inlay_config_function_cache(wasm_config_t* config, const void* cache);
}

namespace inlay::engine {

FunctionCache::FunctionCache(std::string_view kept)
    : cache_(inlay_function_cache_new(reinterpret_cast<const uint8_t*>(kept.empty() ? "" : kept.data()), kept.size(), kFunctionCacheBytesMax)) {}

void FunctionCache::Delete::operator()(void* cache) const noexcept { inlay_function_cache_delete(cache); }

std::string FunctionCache::take() const {
    CBytes bytes;
    inlay_function_cache_take(cache_.get(), bytes.out());
    return bytes.text();
}

void FunctionCache::join(wasm_config_t* config) const {
    const bool joined = inlay_config_function_cache(config, cache_.get());
    INLAY_CHECK(joined);  // Refused only by an engine that was built without.
}

}  // namespace inlay::engine
