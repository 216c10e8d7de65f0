// The executor: runs one invocation to its end.
#pragma once

#include <cstdint>

#include "run/invocation.hpp"
#include "run/outcome.hpp"

namespace inlay::run {

// Makes a fresh instance, runs it under the function's deadline and drops it. Blocks until then. Requires: Watchdog started;
// one call at a time per process. `id` names the invocation in logs.
Outcome execute(const registry::Function& function, const Request& request, const ObjectFinder& find_object, uint64_t id);

}  // namespace inlay::run
