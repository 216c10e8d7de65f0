// What stands behind Engine and Program: the engine's own types. Included by sources of this directory and by test/spec only.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/limits.hpp"
#include "engine/c_handle.hpp"
#include "engine/engine.hpp"
#include "engine/module_export.hpp"
#include "engine/program.hpp"
#include "os/mapping_budget.hpp"

namespace inlay::engine {

// Defines a host function for fibers, where each may wait (fiber.cpp).
Result<> define_waiting(wasmtime_linker_t* linker, const HostFunction& function, const wasm_functype_t* type);

// The message of the trap that kStopGuest becomes.
inline constexpr std::string_view kStopMessage = "inlay: stopped by the host";
// That of a host function that is called when the guest's time is over.
inline constexpr std::string_view kOverMessage = "inlay: deadline passed";
// That of a guest that wants more than AtLimit::trap gives (engine/lib.rs).
inline constexpr std::string_view kMoreMessage = "inlay: more than it may have here";

// What is called of a function, and of a WASI command, which has no such export.
inline constexpr std::string_view kHandleExport = "inlay_handle", kCommandExport = "_start";

struct Engine::Parts {
    std::span<const HostFunction> host;
    EngineHandle engine;
    LinkerHandle linker;
    LinkerHandle fiber_linker;  // A worker's: for instances whose host functions may wait.
    std::optional<os::KeptViews> views;  // A lane's.
    os::MappingBudget mappings{os::mappings_max() / kWindowMappingsShare};
};

struct Program::Parts {
    ModuleHandle module;
    InstancePreHandle pre;
    InstancePreHandle fiber_pre;
    bool has_initialize = false;
    bool is_command = false;
    NamedExport memory{"memory"}, initialize{"_initialize"}, handle{kHandleExport};
};

}  // namespace inlay::engine
