// Inspect: what a module is, what it asks for and offers, and whether it can be a function here.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "engine/engine.hpp"
#include "engine/host_function.hpp"

namespace inlay::engine {

struct ModuleFacts {
    struct Import {
        std::string module, name, type;
        std::string remedy;  // Empty: the host has it.
    };
    struct Export {
        std::string name, type;
    };
    struct Memory {
        uint64_t initial_bytes = 0;
        std::optional<uint64_t> maximum_bytes;
    };

    std::string kind;  // "function", "stream function", "WASI command", "WASI reactor", "component", "module".
    uint64_t bytes = 0;
    bool is_text = false;
    std::vector<Import> imports;
    std::vector<Export> exports;
    std::optional<Memory> memory;  // That it exports as "memory".
    std::vector<std::string> features;  // That its toolchain says it uses (the section "target_features" of LLVM's tools).
    std::string refusal;           // Why it cannot be deployed, with the remedy; empty: it can.
};

// Of a binary module or its text form; of anything else it says what that is. Errors: internal.
// Run it in a process that may die: the compiler meets hostile input here.
Result<ModuleFacts> inspect(const Engine& engine, std::span<const HostFunction> host, std::span<const uint8_t> module, uint64_t memory_bytes_max);

// What to do about an import that the host does not have.
std::string remedy_for_import(std::string_view module, std::string_view name);

}  // namespace inlay::engine
