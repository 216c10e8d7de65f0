// Script: one file of the WebAssembly core test suite, run on our engine.
//
// As compiled by tools/spec: script.json, whose commands name the module files beside it. Modules that nothing can name later
// get a store of their own each, so that the pool's slots go from hand to hand.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/engine_parts.hpp"

namespace inlay::spec {

// What became of assertions.
struct Tally {
    size_t passed = 0;
    std::map<std::string, size_t> skipped;  // By the reason.
    std::vector<std::string> failed;        // What to read, each.
};

class Script {
  public:
    Script(engine::Engine& engine, std::filesystem::path directory, Tally& tally);
    void run();

  private:
    struct Skipped {
        std::string reason;
    };
    struct Refused {
        std::string message;
    };
    using Instance = std::variant<wasmtime_instance_t, Skipped>;
    using Compiled = std::variant<engine::ModuleHandle, Skipped, Refused>;
    struct Started {
        wasmtime_instance_t instance;
    };
    using Results = std::vector<wasmtime_val_raw_t>;
    // How an instantiation or a call went.
    template <class T>
    using Ended = std::variant<T, engine::TrapHandle, Skipped, Refused>;

    void run_command(const nlohmann::json& command);
    void run_module(const nlohmann::json& command);
    void run_assertion(const std::string& type, const nlohmann::json& command);
    void renew();
    Compiled compile(const nlohmann::json& file);
    Ended<Started> instantiate(const nlohmann::json& file);
    Ended<Results> act(const nlohmann::json& command);
    Ended<Results> get(const wasmtime_global_t& global, const nlohmann::json& expected);
    Ended<Results> call(const wasmtime_func_t& function, const nlohmann::json& arguments);
    const Instance* instance_of(const nlohmann::json& named) const;
    void define(const std::string& as, const wasmtime_instance_t& instance);

    template <class T>
    void expect_trap(const nlohmann::json& command, Ended<T> ended);
    void expect_refusal(const nlohmann::json& command, bool of_linker);
    void pass() { tally_.passed++; }
    void skip(const std::string& reason) { tally_.skipped[reason]++; }
    void fail(const nlohmann::json& command, const std::string& what);

    engine::Engine& engine_;
    std::filesystem::path directory_;
    Tally& tally_;
    engine::StoreHandle store_;
    engine::LinkerHandle linker_;
    wasmtime_context_t* context_ = nullptr;
    std::map<std::string, Instance> named_;
    std::optional<Instance> current_;
    std::map<std::string, std::string> lost_;  // Names that nothing is registered under, by what was skipped.
    bool is_kept_ = false;                     // Something can be named later: the store stays.
};

}  // namespace inlay::spec
