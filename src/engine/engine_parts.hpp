// What stands behind Engine and Program: the engine's own types. Included by sources of this directory only.
#pragma once

#include <memory>
#include <string_view>

#include "base/limits.hpp"
#include "engine/c_handle.hpp"
#include "engine/engine.hpp"
#include "engine/program.hpp"
#include "os/mapping_budget.hpp"

namespace inlay::engine {

// The message of the trap that kStopGuest becomes.
inline constexpr std::string_view kStopMessage = "inlay: stopped by the host";

struct Engine::Parts {
    EngineHandle engine;
    LinkerHandle linker;
    os::MappingBudget mappings{os::mappings_max() / kWindowMappingsShare};
};

struct Program::Parts {
    ModuleHandle module;
    InstancePreHandle pre;
    bool has_initialize = false;
};

}  // namespace inlay::engine
