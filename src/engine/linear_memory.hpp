// LinearMemory: a guest's memory as the host sees it, and the windows that lie in it.
//
//     0        initial size                                                        current size        4 GiB
//     |--------|---------------------------------------------------------------------|..............|
//      module's   grown by guest | area: window, tail | grown by guest | area | ...
//
// An *area* is what a window takes of the address space that the host grew: whole Wasm pages, never given back while the instance
// lives, free for other windows once this one is gone. In an area lies one window: pages of a file, or copied bytes; behind
// it the tail, zero and readable, at least 64 bytes. Areas that follow each other without anything of the guest's own make a *run*.
//
// Invariants (engine rules 1, 2, 3, 5, 13):
//  1. Windows lie only in areas, and areas only in memory that the host has grown.
//  2. Free space has no access; the bytes of areas that no file backs are bounded by kWindowSlackMax.
//  3. restore() puts plain zero pages over everything from the first area on; it has run before the store is deleted.
//  4. While its guest runs, the fault guard watches all runs: host code that runs into one ends the invocation, not the process.
//  5. What a guest may write of a file's pages is its own memory: charged in full, and so much less can it grow.
//  6. The mappings that windows make are taken from the process's budget before they are made.
//  7. What was lent from a kept view is taken back before anything else is placed over it, unless scratch pages lie there already.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/c_handle.hpp"
#include "engine/engine.hpp"
#include "engine/free_space.hpp"
#include "engine/host_function.hpp"
#include "engine/store_limits.hpp"
#include "os/fault_guard.hpp"
#include "os/file_range.hpp"
#include "os/mapping.hpp"

namespace inlay::engine {

enum class PlaceError {
    no_room,  // No address space is left below 4 GiB.
    limit,    // kWindowsMax, kWindowSlackMax, the guest's own memory or the process's mappings are used up.
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

// Bytes of a window's first and last page that are not for its guest: zero for it, in pages of its own (engine rule 5).
struct Edges {
    uint64_t head = 0;  // From the first page's start,
    uint64_t tail = 0;  // up to the last one's end.

    bool any() const { return head + tail > 0; }
};

class LinearMemory {
  public:
    LinearMemory() = default;
    LinearMemory(const LinearMemory&) = delete;
    LinearMemory& operator=(const LinearMemory&) = delete;

    // Takes over a fresh instance's memory. `limits`, the store's, bounds what the guest may have besides windows; it and `engine` outlive this.
    void attach(wasmtime_store_t* store, const wasmtime_memory_t& memory, StoreLimits& limits, const Engine& engine);
    bool attached() const { return store_ != nullptr; }

    // From now on its guest runs, or nobody's: faults are noted here, or are bugs.
    void begin_watch() { os::FaultGuard::watch(&watch_); }
    static void end_watch() { os::FaultGuard::watch(nullptr); }
    // One in host code stays.
    os::Fault last_fault() const { return watch_.last; }

    // The guest's bytes [address, address + length), if they lie inside its memory. The only place where guest integers become
    // a span. Valid until: the end of the host call.
    std::optional<std::span<uint8_t>> bytes(GuestPtr address, GuestLen length) const;
    uint64_t size() const;

    // Places the pages of `range` (offset page-aligned) as a window. Input: read, private. Output: read_write, shared. Copy on
    // write: read_write, private; charged in full, because what the guest writes there is its own memory.
    Placement place(const os::FileRange& range, os::Access access, os::Sharing sharing, const Edges& edges = {});
    // Places a window of plain memory for `size` bytes that the caller copies in; `charged` of them as the guest's own.
    Placement place_plain(uint64_t size, uint64_t charged = 0);
    // Puts another window in place of one: in one step if both have the same length in OS pages and the same alignment. Without
    // a window in the result both are gone.
    Placement move(size_t area, const os::FileRange& range, os::Access access, os::Sharing sharing, const Edges& edges = {});
    // Lets the guest only read an output from now on. `range`: what was placed there.
    bool make_read_only(size_t area, const os::FileRange& range);
    // Takes a window away; its area loses all access.
    bool remove(size_t area);

    // Bytes of windows that are charged as the guest's own memory.
    uint64_t charged_bytes() const { return charged_; }
    // Whether its guest has wanted more memory than it may have.
    bool was_refused() const { return limits_ && limits_->was_refused; }
    // The most of its own,
    uint64_t own_bytes_max() const { return own_bytes_max_; }
    // and all that it has, these included.
    uint64_t own_bytes() const { return size() - grown_by_host_ + charged_; }

    // Requires: nothing of the guest runs any more. Afterwards no window is left.
    void restore();

    // Pages of guest memory that are private to this process now. Cost: 10 ms per GiB.
    uint64_t private_pages() const;
    uint8_t* base() const;

  private:
    // What a window needs: bytes of whole OS pages.
    struct Demand {
        uint64_t length = 0;
        uint64_t file_offset = 0;
        uint64_t backed = 0;   // By a file; what else its area has is slack.
        uint64_t charged = 0;  // As the guest's own memory.
    };
    struct Area {
        uint64_t size = 0;
        uint64_t lead = 0;  // The window begins behind it.
        Demand window;
        std::optional<os::KeptViews::Loan> loan;  // What lies in it was lent.

        uint64_t slack() const { return size - window.backed; }
    };

    static Demand demand_of(const os::FileRange& range, os::Access access, os::Sharing sharing);
    Placement acquire(const Demand& demand);
    std::optional<PlaceError> grow(uint64_t bytes);
    bool show(Area& area, uint8_t* at, const os::FileRange& pages, os::Access access, os::Sharing sharing, const Edges& edges);
    void take_back(size_t offset, Area& area);
    bool fits_limits(const Area& area) const;
    void apply_limit();
    uint64_t lead_of(uint64_t offset, const Demand& demand) const;
    bool follows_a_run(uint64_t offset) const;

    wasmtime_store_t* store_ = nullptr;
    wasmtime_context_t* context_ = nullptr;
    wasmtime_memory_t memory_{};
    os::MappingBudget* budget_ = nullptr;
    os::KeptViews* views_ = nullptr;
    uint64_t own_bytes_max_ = 0;
    StoreLimits* limits_ = nullptr;
    uint64_t grown_by_host_ = 0;
    uint64_t slack_ = 0;
    uint64_t charged_ = 0;
    size_t mappings_ = 0;                     // Taken from the budget.
    std::unordered_map<size_t, Area> areas_;  // By offset.
    FreeSpace free_;
    os::FaultWatch watch_;                    // Its windows are the runs.
};

}  // namespace inlay::engine
