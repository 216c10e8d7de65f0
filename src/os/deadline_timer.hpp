// DeadlineTimer: a one-shot timer that interrupts this thread by a signal. Nothing ticks while it is not armed.
#pragma once

#include <ctime>
#include <cstdint>
#include <utility>

#include "base/result.hpp"

namespace inlay::os {

class DeadlineTimer {
  public:
    // `on_expiry` runs in a signal handler (SIGALRM) of the calling thread: async-signal-safe code only. One timer per process.
    static Result<DeadlineTimer> create(void (*on_expiry)());
    DeadlineTimer(DeadlineTimer&& other) noexcept : id_(other.id_), owned_(std::exchange(other.owned_, false)) {}
    DeadlineTimer& operator=(DeadlineTimer&&) = delete;
    ~DeadlineTimer();

    // Expires once, at `deadline_ns` of the monotonic clock; replaces an earlier deadline. Async-signal-safe.
    void arm(uint64_t deadline_ns) noexcept;

  private:
    explicit DeadlineTimer(timer_t id) : id_(id), owned_(true) {}

    timer_t id_;
    bool owned_;
};

}  // namespace inlay::os
