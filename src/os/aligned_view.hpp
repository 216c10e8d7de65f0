// AlignedView: a file or memfd mapped at an address that huge pages need, whatever its size.
#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <utility>

#include "base/result.hpp"
#include "os/mapping.hpp"
#include "os/page_survey.hpp"

namespace inlay::os {

class AlignedView {
  public:
    // The first `size` bytes, shared, with huge pages asked for.
    static Result<AlignedView> create(int fd, uint64_t size, Access access) {
        AlignedView made;
        made.room_bytes_ = round_up(size, page_size()) + kHugePageBytes;
        made.room_ = ::mmap(nullptr, made.room_bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (made.room_ == MAP_FAILED) return os_error("addresses for a file");
        made.at_ = reinterpret_cast<uint8_t*>(round_up(reinterpret_cast<uintptr_t>(made.room_), kHugePageBytes));
        INLAY_TRY_VOID(place_file(made.at_, {fd, 0, size}, access, Sharing::shared));
        ::madvise(made.at_, size, MADV_HUGEPAGE);
        return made;
    }
    AlignedView(AlignedView&& other) noexcept
        : room_(std::exchange(other.room_, MAP_FAILED)), room_bytes_(other.room_bytes_), at_(other.at_) {}
    AlignedView& operator=(AlignedView&&) = delete;
    ~AlignedView() {
        if (room_ != MAP_FAILED) ::munmap(room_, room_bytes_);
    }

    uint8_t* at() const { return at_; }

  private:
    AlignedView() = default;

    void* room_ = MAP_FAILED;
    size_t room_bytes_ = 0;
    uint8_t* at_ = nullptr;
};

}  // namespace inlay::os
