// Watchdog: ends a guest at its deadline, at no cost to calls that end in time. One that goes on in spite of it, in a bulk
// instruction or because its fiber was just being resumed, is interrupted again.
#pragma once

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
};

}  // namespace inlay::engine
