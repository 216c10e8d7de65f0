// MappingBudget: how many mappings of this process windows may take, so that everything else always finds its own.
//
// The kernel bounds the mappings of a process (vm.max_map_count, usually 65,530). Half of them are for windows; the engine's slots,
// libraries and allocators live on the other half. One thread.
#pragma once

#include <cstddef>

namespace inlay::os {

class MappingBudget {
  public:
    explicit MappingBudget(size_t mappings_max) : left_(mappings_max) {}

    // False: that many are not left; nothing was taken.
    bool try_take(size_t mappings) noexcept {
        if (mappings > left_) return false;
        left_ -= mappings;
        return true;
    }
    void give_back(size_t mappings) noexcept { left_ += mappings; }
    size_t left() const noexcept { return left_; }

  private:
    size_t left_;
};

// What the kernel allows a process now.
size_t mappings_max() noexcept;

}  // namespace inlay::os
