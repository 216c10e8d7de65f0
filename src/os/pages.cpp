// mincore and madvise over the view.
#include "os/pages.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "os/page_survey.hpp"

namespace inlay::os {
namespace {

constexpr size_t kPagesPerCall = 4096;

// The whole pages around `bytes`, as the calls below want them.
struct PageSpan {
    char* at;
    size_t size;
};

PageSpan pages_around(std::string_view bytes) {
    auto begin = round_down(reinterpret_cast<uintptr_t>(bytes.data()), page_size());
    auto end = round_up(reinterpret_cast<uintptr_t>(bytes.data()) + bytes.size(), page_size());
    return {reinterpret_cast<char*>(begin), end - begin};
}

}  // namespace

std::string_view Pages::view() const {
    if (!view_.data() && size_ > 0) {
        // The same pages either way; a shared mapping would keep a memfd from being sealed.
        auto sharing = home_ == Home::memory ? Sharing::private_ : Sharing::shared;
        auto mapped = Mapping::create(fd_.get(), 0, size_, Access::read, sharing);
        if (mapped.ok()) view_ = std::move(mapped).value();
        // Before anything is read through it: what is brought in comes in huge pages, where the filesystem has them.
        if (home_ == Home::disk && size_ >= kHugePageBytes) ::madvise(view_.data(), view_.size(), MADV_HUGEPAGE);
    }
    return {reinterpret_cast<const char*>(view_.data()), view_.data() ? size_ : 0};
}

bool Pages::in_memory(uint64_t offset, uint64_t length) const {
    if (home_ == Home::memory || length == 0) return true;
    auto bytes = view();
    return !bytes.empty() && all_in_memory(bytes.substr(offset, length));
}

bool all_in_memory(std::string_view bytes) noexcept {
    std::array<unsigned char, kPagesPerCall> present;
    auto [at, size] = pages_around(bytes);
    while (size > 0) {
        size_t step = std::min(size, kPagesPerCall * page_size());
        if (::mincore(at, step, present.data()) != 0) return false;
        auto end = present.begin() + static_cast<ptrdiff_t>(step / page_size());
        if (!std::all_of(present.begin(), end, [](unsigned char page) { return page & 1; })) return false;
        at += step;
        size -= step;
    }
    return true;
}

bool bring_into_memory(std::string_view bytes) noexcept {
    auto [at, size] = pages_around(bytes);
    // WILLNEED has all reads under way before the first is waited for, but in small pages: it is for what holds no huge one.
    bool in_huge_pages = size >= kHugePageBytes && ::madvise(at, size, MADV_HUGEPAGE) == 0;
    if (!in_huge_pages) ::madvise(at, size, MADV_WILLNEED);
    int done;
    do done = ::madvise(at, size, MADV_POPULATE_READ);
    while (done != 0 && errno == EINTR);
    return done == 0;
}

}  // namespace inlay::os
