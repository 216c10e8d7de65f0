// StoreLimits: what one instance may have of memory and tables, and what becomes of a guest that wants more.
#pragma once

#include <cstdint>

#include "base/limits.hpp"
#include "engine/c_handle.hpp"

namespace inlay::engine {

// A guest that asks for more than its limit is told that there is none, or ends with TrapKind::wants_more.
enum class AtLimit { refuse, trap };

// Read whenever the instance wants to grow. Its layout is that of Limits in engine/lib.rs.
struct StoreLimits {
    uint64_t memory_bytes = 0;
    uint64_t table_elements = kTableElementsMax;
    uint32_t tables = kTablesPerModuleMax;
    bool traps = false;
    bool was_refused = false;  // Memory; host code that grows raises the limit before.

    StoreLimits(uint64_t bytes, AtLimit at_limit) : memory_bytes(bytes), traps(at_limit == AtLimit::trap) {}
};

}  // namespace inlay::engine

// What the engine's crate adds to the C API (engine/lib.rs). Requires: `limits` outlives the store.
extern "C" void inlay_store_limit(wasmtime_store_t* store, inlay::engine::StoreLimits* limits);
