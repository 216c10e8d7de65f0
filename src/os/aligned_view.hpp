// AlignedView: a file or memfd mapped at an address that huge pages need, whatever its size.
#pragma once

#include <cstdint>

#include "base/result.hpp"
#include "os/mapping.hpp"

namespace inlay::os {

class AlignedView {
  public:
    // Of its first `size` bytes: host address and file offset agree modulo kHugePageBytes.
    static Result<AlignedView> create(int fd, uint64_t size, Access access, Sharing sharing);
    // Pages that come into memory here shall be huge ones. A hint.
    void want_huge_pages() const noexcept;

    uint8_t* data() const noexcept { return at_; }
    uint64_t size() const noexcept { return size_; }

  private:
    AlignedView() = default;

    Mapping room_;
    uint8_t* at_ = nullptr;
    uint64_t size_ = 0;
};

}  // namespace inlay::os
