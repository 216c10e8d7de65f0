// MemoryWatch: whether memory is short, from one look to the next.
#pragma once

#include "os/memory_gauge.hpp"

namespace inlay::control {

// Belongs to one thread.
class MemoryWatch {
  public:
    // `now_ms`: of this look. Short: little is left; or not much, and somebody has waited for it since the look before.
    bool is_short(const os::MemoryLeft& left, uint64_t now_ms);

    // Whether so many bytes more can be taken without its becoming short, and it was not for kHotIdleMs.
    bool has_ample(uint64_t bytes, uint64_t now_ms) const;

  private:
    os::MemoryLeft left_;
    uint64_t looked_ms_ = 0;
    uint64_t short_ms_ = 0;  // When it was last; 0: never.
};

}  // namespace inlay::control
