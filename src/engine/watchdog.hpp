// Watchdog: ends a guest at its deadline, at no cost to calls that end in time.
//
// Nothing stops code from outside: a signal raises the engine's epoch, which compiled code looks at in each loop and at the entry of each function,
// and a flag, which is looked at before each host function. What is longer than that from one look to the next, a bulk instruction, goes on; so it
// is raised again and again until the guest has ended.
#pragma once

#include <csignal>
#include <cstdint>

#include "base/result.hpp"
#include "engine/engine.hpp"

namespace inlay::engine {

class Watchdog {
  public:
    // One per process, on the thread that runs guests. Valid until: `engine` ends.
    static Result<> start(Engine& engine);

    // The guest that runs from here on is interrupted at `deadline_ns` of the monotonic clock.
    static void begin(uint64_t deadline_ns) noexcept;
    static void end() noexcept;
    // The deadline of what runs now has passed.
    static bool is_over() noexcept { return is_over_ != 0; }

  private:
    static void interrupt() noexcept;

    static volatile sig_atomic_t is_over_;  // Written by the signal handler, too.
};

}  // namespace inlay::engine
