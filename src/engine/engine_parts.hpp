// What stands behind Engine and Program: the engine's own types. Included by sources of this directory only.
#pragma once

#include <memory>

#include "engine/c_handle.hpp"
#include "engine/engine.hpp"
#include "engine/program.hpp"

namespace inlay::engine {

struct Engine::Parts {
    EngineHandle engine;
    LinkerHandle linker;
};

struct Program::Parts {
    ModuleHandle module;
    InstancePreHandle pre;
    bool has_initialize = false;
};

}  // namespace inlay::engine
