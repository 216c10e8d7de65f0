// The engine's own incremental compilation, with its store in memory (engine/lib.rs).
#include "engine/code_cache.hpp"

#include "base/check.hpp"
#include "base/limits.hpp"
#include "engine/c_handle.hpp"

// What the engine's crate adds to the C API.
extern "C" {
void* inlay_code_cache_new(const uint8_t* bytes, size_t length, size_t most);
void inlay_code_cache_delete(void* cache);
void inlay_code_cache_take(const void* cache, wasm_byte_vec_t* out);
bool inlay_config_code_cache(wasm_config_t* config, const void* cache);
}

namespace inlay::engine {

CodeCache::CodeCache(std::string_view kept)
    : cache_(inlay_code_cache_new(reinterpret_cast<const uint8_t*>(kept.empty() ? "" : kept.data()), kept.size(), kKeptCodeBytesMax)) {}

void CodeCache::Delete::operator()(void* cache) const noexcept { inlay_code_cache_delete(cache); }

std::string CodeCache::take() const {
    CBytes bytes;
    inlay_code_cache_take(cache_.get(), bytes.out());
    return bytes.text();
}

void CodeCache::join(wasm_config_t* config) {
    const bool joined = inlay_config_code_cache(config, cache_.get());
    INLAY_CHECK(joined);  // Refused only by an engine that was built without.
}

}  // namespace inlay::engine
