// AlignedView: a file mapped, for reading, at an address that huge pages need.
#pragma once

#include <cstdint>

#include "base/result.hpp"
#include "os/mapping.hpp"

namespace inlay::os {

class AlignedView {
  public:
    // Of its first `size` bytes, whatever their number: host address and file offset agree modulo kHugePageBytes.
    static Result<AlignedView> create(int fd, uint64_t size, Sharing sharing);

    uint8_t* data() const noexcept { return at_; }
    uint64_t size() const noexcept { return size_; }

  private:
    AlignedView() = default;

    Mapping room_;
    uint8_t* at_ = nullptr;
    uint64_t size_ = 0;
};

}  // namespace inlay::os
