// The executor: runs one invocation to its end.
#pragma once

#include <cstdint>

#include "run/invocation.hpp"
#include "run/outcome.hpp"

namespace inlay::run {

// Makes a fresh instance, runs it under these terms and drops it. Blocks until then. One at a time per process, but for those that
// a guest calls.
// Requires: Watchdog started, but in a lane.
Outcome execute(const registry::Function& function, const Request& request, Supply& supply, const Terms& terms);

}  // namespace inlay::run
