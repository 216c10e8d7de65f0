// CoarseClock: what is told of a clock to those who must not measure short times with it.
//
// It moves in steps of the resolution, never ahead of the clock and less than two steps behind it. Where inside of a step it moves, the seed
// decides, for each step anew: who counts his own instructions until it moves does not find out where in the step he began.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/hash.hpp"

namespace inlay {

struct CoarseClock {
    uint64_t resolution_ns = 0;  // 0: the clock as it is.
    uint64_t seed = 0;           // A secret; whoever has the same one is told the same.

    // Monotonic if the clock is. A multiple of the resolution.
    uint64_t told(uint64_t now_ns) const noexcept {
        if (resolution_ns == 0) return now_ns;
        const uint64_t step_ns = now_ns - now_ns % resolution_ns;
        const uint64_t moves_ns = step_ns + mixed(step_ns ^ seed) % resolution_ns;
        return now_ns >= moves_ns ? step_ns : step_ns - std::min(step_ns, resolution_ns);
    }
};

}  // namespace inlay
