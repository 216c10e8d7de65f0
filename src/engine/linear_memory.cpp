// Grows, maps, unmaps and restores.
#include "engine/linear_memory.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "base/limits.hpp"

namespace inlay::engine {
namespace {

constexpr uint64_t kWasmPageBytes = 64 * KiB;
constexpr uint64_t kAddressSpaceBytes = 4 * GiB;
constexpr uint64_t kOverReadBytes = 64;     // Readable behind every window: SIMD parsers look ahead.
constexpr uint64_t kHugePageBytes = 2 * MiB;
// Windows from this size on are placed so that huge pages can serve them; for smaller ones the lead would waste addresses.
constexpr uint64_t kHugeWindowBytes = 16 * MiB;

}  // namespace

void LinearMemory::attach(wasmtime_store_t* store, const wasmtime_memory_t& memory, uint64_t own_bytes_max) {
    INLAY_CHECK(areas_.empty());
    store_ = store;
    context_ = wasmtime_store_context(store);
    memory_ = memory;
    own_bytes_max_ = own_bytes_max;
    os::FaultGuard::watch(&spans_);
}

uint64_t LinearMemory::size() const { return wasmtime_memory_data_size(context_, &memory_); }
uint8_t* LinearMemory::base() const { return wasmtime_memory_data(context_, &memory_); }

std::optional<std::span<uint8_t>> LinearMemory::bytes(GuestPtr address, GuestLen length) const {
    uint64_t start = static_cast<uint32_t>(address), count = static_cast<uint32_t>(length);
    if (!attached() || start + count > size()) return std::nullopt;  // Cannot wrap: both are below 2^32.
    return std::span<uint8_t>(base() + start, count);
}

// Bytes to skip so that host address and file offset agree modulo 2 MiB; 0 for windows too small for huge pages.
uint64_t LinearMemory::lead_of(uint64_t offset, uint64_t length, uint64_t file_offset) const {
    if (length < kHugeWindowBytes) return 0;
    uint64_t address = reinterpret_cast<uintptr_t>(base()) + offset;
    uint64_t lead = (file_offset - address) % kHugePageBytes;
    return offset + lead + length + kOverReadBytes <= kAddressSpaceBytes ? lead : 0;
}

std::optional<size_t> LinearMemory::find_free(uint64_t length, uint64_t file_offset) const {
    std::optional<size_t> best;
    for (size_t i = 0; i < areas_.size(); i++) {
        const Area& area = areas_[i];
        if (area.in_use || area.size < lead_of(area.offset, length, file_offset) + length + kOverReadBytes) continue;
        if (!best || area.size < areas_[*best].size) best = i;
    }
    return best;
}

void LinearMemory::apply_limit() {
    wasmtime_store_limiter(store_, static_cast<int64_t>(own_bytes_max_ + grown_by_host_), kTableElementsMax, 1,
                           kTablesPerModuleMax, 1);
}

std::optional<PlaceError> LinearMemory::grow(uint64_t bytes) {
    if (areas_.size() >= kWindowsMax) return PlaceError::limit;
    if (size() + bytes > kAddressSpaceBytes) return PlaceError::no_room;
    grown_by_host_ += bytes;
    apply_limit();
    uint64_t before = 0;
    ErrorHandle error(wasmtime_memory_grow(context_, &memory_, bytes / kWasmPageBytes, &before));
    if (!error) return std::nullopt;
    grown_by_host_ -= bytes;
    apply_limit();
    return PlaceError::no_room;
}

// Finds or makes an area for a window of `length` bytes (whole OS pages), and accounts for what no file will back.
Placement LinearMemory::acquire(uint64_t length, uint64_t file_offset, bool backed) {
    auto free = find_free(length, file_offset);
    uint64_t offset = free ? areas_[*free].offset : size();
    uint64_t lead = lead_of(offset, length, file_offset);
    uint64_t bytes = os::round_up(lead + length + kOverReadBytes, kWasmPageBytes);
    uint64_t slack = backed ? bytes - length : bytes;
    if (slack_ + slack > kWindowSlackMax) return {std::nullopt, PlaceError::limit};
    if (!free) {
        if (auto refused = grow(bytes)) return {std::nullopt, *refused};
        areas_.push_back({offset, bytes, 0, false});
        spans_.push_back({base() + offset, bytes});
    }
    size_t index = free ? *free : areas_.size() - 1;
    // What a reused area has beyond this window's own bytes keeps no access.
    if (free && !os::place_zero(base() + offset, bytes).ok()) return {std::nullopt, PlaceError::failed};
    areas_[index].in_use = true;
    areas_[index].slack = slack;
    slack_ += slack;
    return {PlacedWindow{index, offset + lead}, {}};
}

Placement LinearMemory::place(const os::FileRange& range, os::Access access, os::Sharing sharing) {
    uint64_t length = os::round_up(range.length, os::page_size());
    auto placement = acquire(length, range.offset, true);
    if (!placement.window) return placement;
    uint8_t* at = base() + placement.window->offset;
    if (os::place_file(at, {range.fd, range.offset, length}, access, sharing).ok()) return placement;
    remove(placement.window->area);
    return {std::nullopt, PlaceError::failed};
}

Placement LinearMemory::place_plain(uint64_t size_bytes) {
    return acquire(os::round_up(size_bytes, os::page_size()), 0, false);
}

bool LinearMemory::remove(size_t index) {
    Area& area = areas_[index];
    if (!os::place_nothing(base() + area.offset, area.size).ok()) return false;
    area.in_use = false;
    slack_ -= std::exchange(area.slack, 0);
    return true;
}

void LinearMemory::restore() {
    os::FaultGuard::watch(nullptr);
    if (areas_.empty()) return;
    uint64_t first = areas_.front().offset;
    INLAY_CHECK(os::place_zero(base() + first, size() - first).ok());
    areas_.clear();
    spans_.clear();
}

uint64_t LinearMemory::private_pages() const { return os::count_private_pages(base(), size()); }

}  // namespace inlay::engine
