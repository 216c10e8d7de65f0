// mmap and its relatives.
#include "os/mapping.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "os/disk_door.hpp"
#include "os/own_memory.hpp"

namespace inlay::os {
namespace {

int protection_of(Access access) { return access == Access::read ? PROT_READ : PROT_READ | PROT_WRITE; }
// NORESERVE: a private window would otherwise be charged in full against the commit limit although it is never written.
int flags_of(Sharing sharing) { return sharing == Sharing::shared ? MAP_SHARED : MAP_PRIVATE | MAP_NORESERVE; }

constexpr uint64_t kPagePresent = 1ull << 63;
constexpr uint64_t kPageOfFile = 1ull << 61;
constexpr uint64_t kFrameMask = (1ull << 55) - 1;

// Calls `use(entry)` for the pagemap entry of every page in the range.
template <class Use>
void for_each_page(const uint8_t* at, size_t size, Use use) {
    uint64_t page = reinterpret_cast<uintptr_t>(at) / page_size();
    uint64_t end = page + size / page_size();
    std::array<uint64_t, 4096> room;
    while (page < end) {
        auto entries = read_pagemap(page, std::span(room).first(std::min<uint64_t>(room.size(), end - page)));
        if (entries.empty()) return;
        for (uint64_t entry : entries) use(entry);
        page += entries.size();
    }
}

}  // namespace

size_t page_size() noexcept {
    static const size_t size = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
    return size;
}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
    if (this != &other) {
        unmap();
        at_ = std::exchange(other.at_, nullptr);
        size_ = std::exchange(other.size_, 0);
    }
    return *this;
}

Result<Mapping> Mapping::create(int fd, uint64_t offset, size_t size, Access access, Sharing sharing) {
    void* at = nullptr;
    auto make = [&] {
        at = ::mmap(nullptr, size, protection_of(access), flags_of(sharing), fd, static_cast<off_t>(offset));
        return at == MAP_FAILED ? -1 : 0;
    };
    bool writable = access == Access::read_write && sharing == Sharing::shared;
    if (pass_disk_door({.step = DiskStep::map, .file = fd, .offset = offset, .length = size, .writable = writable}, make) != 0)
        return os_error("mmap");
    return Mapping(static_cast<uint8_t*>(at), size);
}

Result<Mapping> Mapping::reserve(size_t size) {
    void* at = ::mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) return os_error("mmap of addresses");
    return Mapping(static_cast<uint8_t*>(at), size);
}

void Mapping::unmap() noexcept {
    if (at_) ::munmap(std::exchange(at_, nullptr), std::exchange(size_, 0));
}

Result<> place_file(uint8_t* at, const FileRange& range, Access access, Sharing sharing) noexcept {
    void* placed = ::mmap(at, range.length, protection_of(access), flags_of(sharing) | MAP_FIXED, range.fd,
                          static_cast<off_t>(range.offset));
    if (placed == MAP_FAILED) return os_error("mmap of a window");
    return {};
}

Result<> place_zero(uint8_t* at, size_t size) noexcept {
    void* placed =
        ::mmap(at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    if (placed == MAP_FAILED) return os_error("mmap of zero pages");
    return {};
}

Result<> move_pages(uint8_t* from, uint8_t* to, size_t size) noexcept {
    void* moved = ::mremap(from, size, size, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, to);
    if (moved == MAP_FAILED) return os_error("mremap of a window");
    return {};
}

Result<> blank(uint8_t* at, size_t size, Access access) noexcept {
    uint8_t* page = at - reinterpret_cast<uintptr_t>(at) % page_size();
    if (::mprotect(page, page_size(), protection_of(Access::read_write)) != 0) return os_error("mprotect of a page");
    std::memset(at, 0, size);
    if (::mprotect(page, page_size(), protection_of(access)) != 0) return os_error("mprotect of a page");
    return {};
}

Result<> place_nothing(uint8_t* at, size_t size) noexcept {
    void* placed = ::mmap(at, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    if (placed == MAP_FAILED) return os_error("mmap of a gap");
    return {};
}

void expect_random_access(uint8_t* at, size_t size) noexcept { ::madvise(at, size, MADV_RANDOM); }

uint64_t count_private_pages(const uint8_t* at, size_t size) noexcept {
    uint64_t pages = 0;
    for_each_page(at, size, [&](uint64_t entry) { pages += (entry & kPagePresent) && !(entry & kPageOfFile); });
    return pages;
}

uint64_t page_frame(const void* at) noexcept {
    uint64_t frame = 0;
    auto page = reinterpret_cast<const uint8_t*>(round_down(reinterpret_cast<uintptr_t>(at), page_size()));
    for_each_page(page, page_size(), [&](uint64_t entry) { frame = (entry & kPagePresent) ? entry & kFrameMask : 0; });
    return frame;
}

}  // namespace inlay::os
