// Compiles a module for workers, and says what is wrong with one that cannot be a function.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "engine/engine.hpp"

namespace inlay::engine {

// `module` is a binary module or its text form. Its initial memory must fit into `memory_bytes_max` of own memory.
// Result: the compiled form, for Program::load. Errors: bad_module, whose detail names what is wrong and the remedy.
// Run it in a process that may die: the compiler meets hostile input here.
Result<std::string> compile(const Engine& engine, std::span<const uint8_t> module, uint64_t memory_bytes_max);

// The binary form of a module: itself, or in `storage` what its text form says. Errors: bad_module.
Result<std::string_view> binary_of(std::span<const uint8_t> module, std::string& storage);

}  // namespace inlay::engine
