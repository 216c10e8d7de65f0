// Pace: whether a client that we wait for moves as fast as it must.
//
// Only time in which we wait for it counts. It is looked at in windows of such time: in each it must move `rate_min` bytes for each
// second, and one byte at least. So a client that is slow but steady lives, and one that sends or takes a byte now and then does not.
//
//     Pace pace(30'000, 500);
//     wait_at_most(pace.left_ms());
//     if (!pace.waited(elapsed_ms, bytes_moved)) give_up();
#pragma once

#include <algorithm>
#include <cstdint>

namespace inlay::serve {

class Pace {
  public:
    // Requires: window_ms > 0; their product fits into 64 bits.
    Pace(uint64_t window_ms, uint64_t rate_min)
        : window_ms_(window_ms), bytes_min_(std::max<uint64_t>(rate_min * window_ms / 1000, 1)) {}

    // Of the window. Then waited() has to be called.
    uint64_t left_ms() const { return window_ms_ - waited_ms_; }

    // It was waited for so long, and has moved so many bytes since the last call. False: a window has ended, and it was too slow.
    bool waited(uint64_t ms, uint64_t bytes) {
        waited_ms_ += ms;
        moved_bytes_ += bytes;
        if (waited_ms_ < window_ms_) return true;
        bool fast_enough = moved_bytes_ >= bytes_min_;
        begin();
        return fast_enough;
    }

    // Begins a new window.
    void begin() { waited_ms_ = moved_bytes_ = 0; }

  private:
    uint64_t window_ms_;
    uint64_t bytes_min_;
    uint64_t waited_ms_ = 0;
    uint64_t moved_bytes_ = 0;
};

}  // namespace inlay::serve
