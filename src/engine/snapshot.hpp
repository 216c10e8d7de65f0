// Snapshots: a module that begins where an instance of another one stands, by the engine's own tool (wasmtime-wizer).
//
//     prepare -> compile, load, instantiate and run what is to be done once -> take
//
// Run it in a process that may die: the tool meets hostile input here.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "engine/instance.hpp"

namespace inlay::engine {

// An export of the type () -> () that is called after `_initialize`, if there is one: what takes long and needs no request.
inline constexpr std::string_view kWarmExport = "inlay_warm";

// The binary `module` with everything exported that a snapshot reads. Errors: bad_module: it does what no snapshot can keep, as to
// change a table; the detail says which.
Result<std::string> prepare_snapshot(std::string_view module);

// `module` as it would be if it began where `instance`, made of what prepare_snapshot() gave for it, is now. `_initialize` and kWarmExport are gone,
// they have run. Errors: bad_module. Requires: no window is mapped.
Result<std::string> take_snapshot(std::string_view module, Instance& instance);

}  // namespace inlay::engine
