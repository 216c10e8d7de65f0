// Mapping: owns a range of mapped addresses; and the few raw calls that place pages at given addresses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.hpp"
#include "os/file_range.hpp"

namespace inlay::os {

// Bytes of one page of the OS; asked once.
size_t page_size() noexcept;
inline constexpr uint64_t kHugePageBytes = 2u << 20;  // What one entry of a page directory maps on machines with 4 KiB pages.

inline uint64_t round_down(uint64_t value, uint64_t multiple) { return value - value % multiple; }
// Requires: value + multiple does not wrap.
inline uint64_t round_up(uint64_t value, uint64_t multiple) { return round_down(value + multiple - 1, multiple); }

enum class Access { read, read_write };
enum class Sharing { shared, private_ };

// Unmaps when destroyed.
class Mapping {
  public:
    Mapping() = default;
    Mapping(Mapping&& other) noexcept : at_(std::exchange(other.at_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    Mapping& operator=(Mapping&& other) noexcept;
    ~Mapping() { unmap(); }

    // Maps `size` bytes of a file from `offset` (page-aligned). Pages past the file's end may be mapped; touching them faults.
    static Result<Mapping> create(int fd, uint64_t offset, size_t size, Access access, Sharing sharing);

    // Takes `size` bytes of addresses, without any access.
    static Result<Mapping> reserve(size_t size);

    uint8_t* data() const noexcept { return at_; }
    size_t size() const noexcept { return size_; }
    std::span<uint8_t> bytes() const noexcept { return {at_, size_}; }
    void unmap() noexcept;

  private:
    Mapping(uint8_t* at, size_t size) : at_(at), size_(size) {}

    uint8_t* at_ = nullptr;
    size_t size_ = 0;
};

// ---- Placing pages at fixed addresses, over what lies there (engine rules 1-3). All take page-aligned addresses. ----

// Places the pages of `range` (offset page-aligned; length rounded up to pages) at `at`.
Result<> place_file(uint8_t* at, const FileRange& range, Access access, Sharing sharing) noexcept;
// Places fresh private zero pages, readable and writable, without a commit charge: mergeable with their neighbours.
Result<> place_zero(uint8_t* at, size_t size) noexcept;
// Moves what is mapped at `from` to `to`, page tables and all, over what lies there. `from` stays mapped, to the same pages. Both are one
// mapping of a file that nobody writes. Errors: the kernel does not do it (before Linux 5.13); there is no room. Then nothing has moved,
// but what lay at `to` may be unmapped.
Result<> move_pages(uint8_t* from, uint8_t* to, size_t size) noexcept;
// Takes all access away and frees the pages.
Result<> place_nothing(uint8_t* at, size_t size) noexcept;
// Makes bytes of one page of a private mapping zero, which makes the page private to this process; then `access` to it is as it was.
Result<> blank(uint8_t* at, size_t size, Access access) noexcept;
// Tells the kernel that access will jump about (no read-ahead). A hint: failure is ignored.
void expect_random_access(uint8_t* at, size_t size) noexcept;

// Counts the pages of [at, at + size) that are private to this process (pagemap: present and not of a file). Cost: 10 ms per GiB.
uint64_t count_private_pages(const uint8_t* at, size_t size) noexcept;
// Frame number of the page at `at`, 0 where the kernel hides it (not root) or no page is present.
uint64_t page_frame(const void* at) noexcept;

}  // namespace inlay::os
