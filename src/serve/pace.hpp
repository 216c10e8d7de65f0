// Pace: whether a client that we wait for moves as fast as it must.
//
// Only time in which we wait for it counts. In each window of such time it must move `rate_min` bytes for each second, and it must not
// stand still for as long as a window. So a client that is slow but steady lives, and one that sends or takes a byte now and then does not.
//
//     Pace pace(30'000, 500);
//     wait_at_most(pace.left_ms());
//     if (!pace.waited(elapsed_ms, bytes_moved)) give_up();
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/limits.hpp"

namespace inlay::serve {

class Pace {
  public:
    // Requires: window_ms > 0; kStallTimeoutsMax times their product fits into 64 bits.
    Pace(uint64_t window_ms, uint64_t rate_min)
        : usual_ms_(window_ms), rate_min_(rate_min), window_ms_(window_ms) {}

    // From now on windows are so long that somebody who is seen to move by `step_bytes` at once can be as slow as it may be; longer
    // than usual, but not more than kStallTimeoutsMax times.
    void see_steps_of(uint64_t step_bytes) {
        uint64_t step_ms = rate_min_ == 0 ? 0 : step_bytes / rate_min_ * 1000;
        window_ms_ = std::max(window_ms_, std::min(step_ms, kStallTimeoutsMax * usual_ms_));
    }

    // How long it can be waited for until waited() has to be called: some looks in a window tell when it last moved.
    uint64_t left_ms() const {
        return std::min(window_ms_ - std::max(waited_ms_, still_ms_), std::max<uint64_t>(window_ms_ / kLooks, 1));
    }

    // It was waited for so long, and has moved so many bytes since the last call. False: it stands still, or was too slow in a window
    // that has ended.
    bool waited(uint64_t ms, uint64_t bytes) {
        waited_ms_ += ms;
        moved_bytes_ += bytes;
        still_ms_ = bytes > 0 ? 0 : still_ms_ + ms;
        if (still_ms_ >= window_ms_) return false;
        if (waited_ms_ < window_ms_) return true;
        waited_ms_ = 0;
        return std::exchange(moved_bytes_, 0) >= rate_min_ * window_ms_ / 1000;
    }

    // Forgets what was.
    void begin() {
        waited_ms_ = moved_bytes_ = still_ms_ = 0;
        window_ms_ = usual_ms_;
    }

  private:
    static constexpr uint64_t kLooks = 6;

    uint64_t usual_ms_;
    uint64_t rate_min_;
    uint64_t window_ms_;
    uint64_t waited_ms_ = 0;
    uint64_t moved_bytes_ = 0;
    uint64_t still_ms_ = 0;  // Since the latest byte.
};

}  // namespace inlay::serve
