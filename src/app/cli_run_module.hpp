// Makes a function out of a module file, for this process: compiled in a child that may die alone, as a deploy does it.
#pragma once

#include <memory>

#include "app/cli_run_inputs.hpp"
#include "engine/engine.hpp"
#include "registry/function.hpp"
#include "store/records.hpp"

namespace inlay::cli {

struct LoadedFunction {
    std::unique_ptr<engine::Engine> engine;  // Has room for one instance.
    registry::Function function;
};

// A warm one is initialised first, in a child as well. The code has no epoch checks: whoever runs it ends the process at the deadline. Requires: no other child, no other engine.
// Errors: bad_module, in a deploy's words.
Result<LoadedFunction> load_function(store::FunctionRecord record, Input module);

}  // namespace inlay::cli
