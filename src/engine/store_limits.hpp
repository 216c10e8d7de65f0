// Store limits: what one instance may have of memory and tables, and what becomes of a guest that wants more.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/limits.hpp"
#include "engine/c_handle.hpp"

// What the engine's crate adds to the C API (engine/lib.rs).
extern "C" void inlay_store_trap_at_limits(wasmtime_context_t* context, size_t memory_bytes, size_t table_elements, size_t tables);

namespace inlay::engine {

// A guest that asks for more than its limit is told that there is none, or ends with TrapKind::wants_more.
enum class AtLimit { refuse, trap };

// Replaces the limits of a store.
inline void limit_store(wasmtime_store_t* store, uint64_t memory_bytes, AtLimit at_limit) {
    wasmtime_store_limiter(store, static_cast<int64_t>(memory_bytes), kTableElementsMax, 1, kTablesPerModuleMax, 1);
    if (at_limit == AtLimit::trap)
        inlay_store_trap_at_limits(wasmtime_store_context(store), memory_bytes, kTableElementsMax, kTablesPerModuleMax);
}

}  // namespace inlay::engine
