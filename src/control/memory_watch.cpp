// Compares shares.
#include "control/memory_watch.hpp"

#include "base/limits.hpp"

namespace inlay::control {

// Waiting alone is no sign: where there is memory enough, it is that of a group which is not ours.
bool MemoryWatch::is_short(const os::MemoryLeft& left, uint64_t now_ms) {
    uint64_t stalled_us = left.stalled_us - left_.stalled_us, passed_us = (now_ms - looked_ms_) * 1'000;
    bool stalls = looked_ms_ != 0 && stalled_us * kMemoryStallShare >= passed_us && passed_us != 0;
    bool is_short = left.left_bytes < left.limit_bytes / kMemorySpareShare || (stalls && left.left_bytes < left.limit_bytes / kMemoryAmpleShare);
    left_ = left;
    looked_ms_ = now_ms;
    if (is_short) short_ms_ = now_ms;
    return is_short;
}

bool MemoryWatch::has_ample(uint64_t bytes, uint64_t now_ms) const {
    bool calm = short_ms_ == 0 || now_ms - short_ms_ >= kHotIdleMs;
    return calm && left_.left_bytes > bytes && left_.left_bytes - bytes >= left_.limit_bytes / kMemoryAmpleShare;
}

}  // namespace inlay::control
