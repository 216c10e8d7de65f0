// Each huge page is made before anything is read into it: its content is then copied once.
#include "os/huge_pages.hpp"

#include <sys/mman.h>

#include <algorithm>

#include "os/aligned_view.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25  // Linux 6.1
#endif

namespace inlay::os {
namespace {

// The page is there, and huge: whatever transparent_hugepage/shmem_enabled says, unless it says "deny". What the kernel makes of
// nothing at all is an error, so one small page of it comes first.
bool make_huge(uint8_t* at) {
    *at = 0;
    return ::madvise(at, kHugePageBytes, MADV_COLLAPSE) == 0;
}

}  // namespace

Result<Fd> copy_into_huge_pages(const char* name, int file, uint64_t size, const std::stop_token& stop) {
    INLAY_TRY(auto memory, create_memfd(name, size));
    {
        INLAY_TRY(auto view, AlignedView::create(memory.get(), size, Access::read_write, Sharing::shared));
        view.want_huge_pages();
        uint64_t huge_bytes = 0;
        for (uint64_t offset = 0; offset < size; offset += kHugePageBytes) {
            if (stop.stop_requested()) return Error{Errc::draining, "this server is shutting down"};
            uint64_t bytes = std::min(kHugePageBytes, size - offset);
            if (bytes == kHugePageBytes && make_huge(view.data() + offset)) huge_bytes += bytes;
            // Memory may be too much in pieces for one page or another, but not for the first, nor for half of them.
            if (huge_bytes < (offset + bytes) / 2) return Error{Errc::overloaded, "the kernel gives no huge pages to memory files"};
            INLAY_TRY_VOID(read_exactly_at(file, view.data() + offset, bytes, offset));  // COPY: promotion
        }
    }
    INLAY_TRY_VOID(seal(memory.get()));
    return memory;
}

bool gives_huge_memfds() {
    auto memory = create_memfd("inlay-probe", kHugePageBytes);
    if (!memory.ok()) return false;
    auto view = AlignedView::create(memory->get(), kHugePageBytes, Access::read_write, Sharing::shared);
    if (!view.ok()) return false;
    view->want_huge_pages();
    return make_huge(view->data());
}

}  // namespace inlay::os
