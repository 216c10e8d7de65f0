// Initialises a module once, at deploy, so that each invocation begins with what its memory is then.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.hpp"
#include "engine/engine.hpp"

namespace inlay::run {

// Runs the module's start function, its `_initialize` and its `inlay_warm`, as far as it has them, and gives a module that begins where they
// end. `engine` is of Engine::create_for_start. Clocks and randomness are the host's, once: an SDK, or the program, must ask for them again.
// Errors: bad_module: it is none, it trapped, called what needs a request, or keeps what no snapshot can hold.
Result<std::string> initialise(const engine::Engine& engine, std::span<const uint8_t> module, uint64_t memory_bytes_max);

}  // namespace inlay::run
