// Takes addresses for one huge page more than the file has, and maps it where the first one begins.
#include "os/aligned_view.hpp"

#include <sys/mman.h>

namespace inlay::os {

Result<AlignedView> AlignedView::create(int fd, uint64_t size, Access access, Sharing sharing) {
    AlignedView made;
    made.size_ = round_up(size, page_size());
    INLAY_TRY(made.room_, Mapping::reserve(made.size_ + kHugePageBytes));
    made.at_ = reinterpret_cast<uint8_t*>(round_up(reinterpret_cast<uintptr_t>(made.room_.data()), kHugePageBytes));
    INLAY_TRY_VOID(place_file(made.at_, {fd, 0, made.size_}, access, sharing));
    return made;
}

void AlignedView::want_huge_pages() const noexcept { ::madvise(at_, size_, MADV_HUGEPAGE); }

}  // namespace inlay::os
