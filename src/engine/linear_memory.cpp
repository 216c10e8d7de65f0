// Grows, maps, unmaps and restores.
#include "engine/linear_memory.hpp"

#include <utility>

#include "base/check.hpp"
#include "base/limits.hpp"

namespace inlay::engine {
namespace {

constexpr uint64_t kWasmPageBytes = 64 * KiB;
constexpr uint64_t kAddressSpaceBytes = 4 * GiB;
constexpr uint64_t kOverReadBytes = 64;     // Readable behind every window: SIMD parsers look ahead.
// Windows from this size on are always placed so that huge pages can serve them; smaller ones as long as their leads leave half
// of the slack to others.
constexpr uint64_t kHugeWindowBytes = 16 * MiB;
// A window is one mapping, what is plain memory behind it and before the next one another, free space before it a third.
constexpr size_t kMappingsPerWindow = 3;
// Free space at a run's end, and the guest's own memory before it.
constexpr size_t kMappingsPerRun = 2;

}  // namespace

void LinearMemory::attach(wasmtime_store_t* store, const wasmtime_memory_t& memory, StoreLimits& limits, const Engine& engine) {
    INLAY_CHECK(watch_.windows.empty());
    store_ = store;
    context_ = wasmtime_store_context(store);
    memory_ = memory;
    own_bytes_max_ = limits.memory_bytes;
    limits_ = &limits;
    budget_ = &engine.mappings();
    views_ = engine.views();
    begin_watch();
}

uint64_t LinearMemory::size() const { return wasmtime_memory_data_size(context_, &memory_); }
uint8_t* LinearMemory::base() const { return wasmtime_memory_data(context_, &memory_); }

std::optional<std::span<uint8_t>> LinearMemory::bytes(GuestPtr address, GuestLen length) const {
    uint64_t start = static_cast<uint32_t>(address), count = static_cast<uint32_t>(length);
    if (!attached() || start + count > size()) return std::nullopt;  // Cannot wrap: both are below 2^32.
    return std::span<uint8_t>(base() + start, count);
}

// Bytes to skip so that host address and file offset agree modulo 2 MiB; 0 for windows that hold no huge page.
uint64_t LinearMemory::lead_of(uint64_t offset, const Demand& demand) const {
    uint64_t first_huge = os::round_up(demand.file_offset, os::kHugePageBytes);
    if (first_huge + os::kHugePageBytes > demand.file_offset + demand.length) return 0;
    uint64_t address = reinterpret_cast<uintptr_t>(base()) + offset;
    uint64_t lead = (demand.file_offset - address) % os::kHugePageBytes;
    if (demand.length < kHugeWindowBytes && slack_ + lead > kWindowSlackMax / 2) return 0;
    return offset + lead + demand.length + kOverReadBytes <= kAddressSpaceBytes ? lead : 0;
}

// The store's limit counts all memory (engine rule 13): what the guest wrote into windows is not there for it to grow.
void LinearMemory::apply_limit() {
    limits_->memory_bytes = own_bytes_max_ + grown_by_host_ - charged_;
}

bool LinearMemory::follows_a_run(uint64_t offset) const {
    return !watch_.windows.empty() && watch_.windows.back().at + watch_.windows.back().size == base() + offset;
}

std::optional<PlaceError> LinearMemory::grow(uint64_t bytes) {
    uint64_t offset = size();
    if (offset + bytes > kAddressSpaceBytes) return PlaceError::no_room;
    grown_by_host_ += bytes;
    apply_limit();
    uint64_t before = 0;
    ErrorHandle error(wasmtime_memory_grow(context_, &memory_, bytes / kWasmPageBytes, &before));
    if (error) {
        grown_by_host_ -= bytes;
        apply_limit();
        return PlaceError::no_room;
    }
    if (follows_a_run(offset))
        watch_.windows.back().size += bytes;
    else
        watch_.windows.push_back({base() + offset, bytes});
    return std::nullopt;
}

bool LinearMemory::fits_limits(const Area& area) const {
    return areas_.size() < kWindowsMax && slack_ + area.slack() <= kWindowSlackMax &&
           (area.window.charged == 0 || own_bytes() + area.window.charged <= own_bytes_max_);
}

// Finds or makes an area for a window, and accounts for it.
Placement LinearMemory::acquire(const Demand& demand) {
    uint64_t least = demand.length + kOverReadBytes;
    auto free = free_.find(least, [&](const Extent& extent) { return extent.size >= lead_of(extent.offset, demand) + least; });
    uint64_t offset = free ? free->offset : size();
    uint64_t lead = lead_of(offset, demand);
    Area area{os::round_up(lead + least, kWasmPageBytes), lead, demand};
    size_t mappings = kMappingsPerWindow + (free || follows_a_run(offset) ? 0 : kMappingsPerRun);
    if (!fits_limits(area) || !budget_->try_take(mappings)) return {std::nullopt, PlaceError::limit};
    // What a reused area has beyond this window's own bytes is plain memory, as it is in a new one.
    auto refused = free ? os::place_zero(base() + offset, area.size).ok() ? std::nullopt : std::optional(PlaceError::failed)
                        : grow(area.size);
    if (refused) {
        budget_->give_back(mappings);
        return {std::nullopt, *refused};
    }
    if (free) free_.take(offset, area.size);
    mappings_ += mappings;
    slack_ += area.slack();
    charged_ += demand.charged;
    if (demand.charged > 0) apply_limit();
    areas_.emplace(offset, area);
    return {PlacedWindow{offset, offset + lead}, {}};
}

LinearMemory::Demand LinearMemory::demand_of(const os::FileRange& range, os::Access access, os::Sharing sharing) {
    uint64_t length = os::round_up(range.length, os::page_size());
    bool copies_on_write = access == os::Access::read_write && sharing == os::Sharing::private_;
    return {length, range.offset, length, copies_on_write ? length : 0};
}

// Shows pages at an address: lent from a view where that spares the faults. False: the OS refuses.
bool LinearMemory::show(Area& area, uint8_t* at, const os::FileRange& pages, os::Access access, os::Sharing sharing, const Edges& edges) {
    bool is_input = access == os::Access::read && sharing == os::Sharing::private_;
    if (views_ && is_input && !edges.any() && pages.length >= kViewBytesMin) area.loan = views_->lend(at, pages);
    if (!area.loan && !os::place_file(at, pages, access, sharing).ok()) return false;
    return (edges.head == 0 || os::blank(at, edges.head, access).ok()) &&
           (edges.tail == 0 || os::blank(at + pages.length - edges.tail, edges.tail, access).ok());
}

// Where the fault guard placed its pages, nothing that was lent lies any more.
void LinearMemory::take_back(size_t offset, Area& area) {
    auto loan = std::exchange(area.loan, std::nullopt);
    if (loan && !watch_.last.in_host_code) views_->take_back(base() + offset + area.lead, *loan);
}

Placement LinearMemory::place(const os::FileRange& range, os::Access access, os::Sharing sharing, const Edges& edges) {
    auto demand = demand_of(range, access, sharing);
    auto placement = acquire(demand);
    if (!placement.window) return placement;
    uint8_t* at = base() + placement.window->offset;
    if (show(areas_.at(placement.window->area), at, {range.fd, range.offset, demand.length}, access, sharing, edges)) return placement;
    remove(placement.window->area);
    return {std::nullopt, PlaceError::failed};
}

Placement LinearMemory::place_plain(uint64_t size_bytes, uint64_t charged) {
    return acquire({os::round_up(size_bytes, os::page_size()), 0, 0, charged});
}

Placement LinearMemory::move(size_t offset, const os::FileRange& range, os::Access access, os::Sharing sharing, const Edges& edges) {
    auto demand = demand_of(range, access, sharing);
    Area& area = areas_.at(offset);
    bool same_shape = demand.length == area.window.length && lead_of(offset, demand) == area.lead &&
                      demand.backed == area.window.backed && demand.charged == area.window.charged;
    if (!same_shape) return remove(offset) ? place(range, access, sharing, edges) : Placement{};
    uint8_t* at = base() + offset + area.lead;
    take_back(offset, area);
    if (show(area, at, {range.fd, range.offset, demand.length}, access, sharing, edges))
        return {PlacedWindow{offset, offset + area.lead}, {}};
    remove(offset);
    return {};
}

bool LinearMemory::make_read_only(size_t offset, const os::FileRange& range) {
    const Area& area = areas_.at(offset);
    os::FileRange pages{range.fd, range.offset, area.window.length};
    return os::place_file(base() + offset + area.lead, pages, os::Access::read, os::Sharing::private_).ok();
}

bool LinearMemory::remove(size_t offset) {
    take_back(offset, areas_.at(offset));
    const Area area = areas_.at(offset);
    if (!os::place_nothing(base() + offset, area.size).ok()) return false;
    areas_.erase(offset);
    free_.give({offset, area.size});
    budget_->give_back(kMappingsPerWindow);
    mappings_ -= kMappingsPerWindow;
    slack_ -= area.slack();
    charged_ -= area.window.charged;
    if (area.window.charged > 0) apply_limit();
    return true;
}

void LinearMemory::restore() {
    end_watch();
    if (watch_.windows.empty()) return;
    for (auto& [offset, area] : areas_) take_back(offset, area);
    uint8_t* first = watch_.windows.front().at;
    INLAY_CHECK(os::place_zero(first, static_cast<size_t>(base() + size() - first)).ok());
    budget_->give_back(std::exchange(mappings_, 0));
    areas_.clear();
    free_.clear();
    watch_.windows.clear();
}

uint64_t LinearMemory::private_pages() const { return os::count_private_pages(base(), size()); }

}  // namespace inlay::engine
