// LinearMemory: a guest's memory as the host sees it, and the windows that lie in it.
//
//     0        initial size                                                        current size        4 GiB
//     |--------|---------------------------------------------------------------------|..............|
//      module's   grown by guest | area: window, tail | grown by guest | area | ...
//
// An *area* is what the host grew for one window: address space in whole Wasm pages, never given back while the instance
// lives, reused for later windows that fit. Inside an area lies at most one window: pages of a file, or copied bytes; behind
// it the tail, zero and readable, at least 64 bytes.
//
// Invariants (engine rules 1, 2, 3, 5, 13):
//  1. Windows lie only in areas, and areas only in memory that the host has grown.
//  2. An area without a window has no access; the bytes of areas that no file backs are bounded by kWindowSlackMax.
//  3. restore() puts plain zero pages over everything from the first area on; it has run before the store is deleted.
//  4. The fault guard watches all areas: host code that runs into one ends the invocation, not the process.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/c_handle.hpp"
#include "engine/host_function.hpp"
#include "os/fault_guard.hpp"
#include "os/file_range.hpp"
#include "os/mapping.hpp"

namespace inlay::engine {

enum class PlaceError {
    no_room,  // No address space is left below 4 GiB.
    limit,    // kWindowsMax or kWindowSlackMax is reached.
    failed,   // The OS refused.
};

// A window: where the guest sees it. `area` names it in later calls.
struct PlacedWindow {
    size_t area = 0;
    uint64_t offset = 0;  // Address in the guest's memory.
};

struct Placement {
    std::optional<PlacedWindow> window;
    PlaceError error = PlaceError::failed;
};

class LinearMemory {
  public:
    LinearMemory() = default;
    LinearMemory(const LinearMemory&) = delete;
    LinearMemory& operator=(const LinearMemory&) = delete;

    // Takes over a fresh instance's memory. `own_bytes_max` bounds what the guest may have besides windows.
    void attach(wasmtime_store_t* store, const wasmtime_memory_t& memory, uint64_t own_bytes_max);
    bool attached() const { return store_ != nullptr; }

    // The guest's bytes [address, address + length), if they lie inside its memory. The only place where guest integers become
    // a span. Valid until: the end of the host call.
    std::optional<std::span<uint8_t>> bytes(GuestPtr address, GuestLen length) const;
    uint64_t size() const;

    // Places the pages of `range` (offset page-aligned) as a window. Input: read, private. Output: read_write, shared.
    Placement place(const os::FileRange& range, os::Access access, os::Sharing sharing);
    // Places a window of plain memory for `size` bytes that the caller copies in.
    Placement place_plain(uint64_t size);
    // Takes a window away; its area loses all access.
    bool remove(size_t area);

    // Requires: nothing of the guest runs any more. Afterwards no window is left.
    void restore();

    // Pages of guest memory that are private to this process now. Cost: 10 ms per GiB.
    uint64_t private_pages() const;
    uint8_t* base() const;

  private:
    struct Area {
        uint64_t offset = 0;
        uint64_t size = 0;
        uint64_t slack = 0;  // Bytes that no file backs.
        bool in_use = false;
    };

    Placement acquire(uint64_t length, uint64_t file_offset, bool backed);
    std::optional<size_t> find_free(uint64_t length, uint64_t alignment_offset) const;
    std::optional<PlaceError> grow(uint64_t bytes);
    void apply_limit();
    uint64_t lead_of(uint64_t offset, uint64_t length, uint64_t file_offset) const;

    wasmtime_store_t* store_ = nullptr;
    wasmtime_context_t* context_ = nullptr;
    wasmtime_memory_t memory_{};
    uint64_t own_bytes_max_ = 0;
    uint64_t grown_by_host_ = 0;
    uint64_t slack_ = 0;
    std::vector<Area> areas_;
    std::vector<os::WindowSpan> spans_;  // areas_ as the fault guard reads them.
};

}  // namespace inlay::engine
