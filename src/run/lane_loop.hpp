// The life of a lane: a process that runs the invocations of one function, one at a time, for one worker.
//
// Its code has no epoch checks, where that code is there already. Nothing inside ends a guest: the worker kills the lane at the
// deadline, and should the worker be gone, an alarm of the lane's own does. It ends when its worker closes the channel.
#pragma once

#include <functional>

#include "base/result.hpp"
#include "os/channel.hpp"

namespace inlay::run {

// `before_code` is called once, when the engine is there and nothing was done with the function's code yet. Requires: the first engine
// of this process is made here; one thread. Errors: the worker's messages are damaged, or what they brought cannot be loaded.
Result<> serve_lane(const os::Channel& worker, const std::function<Result<>()>& before_code);

}  // namespace inlay::run
