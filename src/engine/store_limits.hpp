// StoreLimits: what one instance may have of memory and tables, and what becomes of a guest that wants more.
#pragma once

#include <cstddef>
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
    bool was_refused = false;  // Memory that the guest asked for and its module allows: the host raises the limit before it grows.

    StoreLimits(uint64_t bytes, AtLimit at_limit) : memory_bytes(bytes), traps(at_limit == AtLimit::trap) {}
};

static_assert(sizeof(StoreLimits) == 24 && offsetof(StoreLimits, traps) == 20 && offsetof(StoreLimits, was_refused) == 21);

}  // namespace inlay::engine

// What the engine's crate adds to the C API (engine/lib.rs). Requires: `limits` outlives the store; its thread alone writes it.
extern "C" void inlay_store_limit(wasmtime_store_t* store, inlay::engine::StoreLimits* limits);
