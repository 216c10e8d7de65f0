// DeadlineTimer: interrupts this thread by a signal when what it does goes on for too long. One of each kind per process.
//
// The kernel's timer is armed lazily: when it fires early, because the work it was armed for has ended, the handler looks at
// what runs now and arms it again or lets it sleep. So begin() and end() cost two stores mostly, and nothing ticks while nothing runs.
#pragma once

#include <cstdint>
#include <utility>

#include "base/result.hpp"

namespace inlay::os {

class DeadlineTimer {
  public:
    // Whose time it is: the process's (SIGALRM), or that of one guest in it (SIGVTALRM).
    enum class Kind { process, guest };

    // `on_expiry` runs in a signal handler of the calling thread: async-signal-safe code only.
    static Result<DeadlineTimer> create(Kind kind, void (*on_expiry)());
    DeadlineTimer(DeadlineTimer&& other) noexcept : kind_(other.kind_), owned_(std::exchange(other.owned_, false)) {}
    DeadlineTimer& operator=(DeadlineTimer&&) = delete;
    ~DeadlineTimer();

    // What runs from here on expires at `deadline_ns` of the monotonic clock, and again each millisecond until it ends; replaces an
    // earlier deadline.
    void begin(uint64_t deadline_ns) noexcept;
    void end() noexcept;

  private:
    explicit DeadlineTimer(Kind kind) : kind_(kind) {}

    Kind kind_;
    bool owned_ = true;
};

}  // namespace inlay::os
