// The command build: runs a project's own build, and says whether what it made can be deployed.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "app/cli_command_line.hpp"
#include "app/project.hpp"
#include "os/process.hpp"

namespace inlay::cli {

class BuildCommand {
  public:
    // Adds the command. Requires: this outlives `line`'s run.
    explicit BuildCommand(CommandLine& line);
    BuildCommand(const BuildCommand&) = delete;
    BuildCommand& operator=(const BuildCommand&) = delete;

  private:
    int run(Output output) const;

    std::string directory_ = ".";
};

struct Built {
    uint64_t took_ms = 0;
    uint64_t module_bytes = 0;
};

// Begins a project's build; what it prints comes out as it is, for programs on standard error. Throws Failure.
pid_t begin_build(const Project& project, Output output, bool own_group);
// What has come of a build that ended so. Throws Failure: with its exit code, or that there is no module.
Built conclude_build(const Project& project, const os::Exit& ended, uint64_t took_ms);
// Both, and waits in between.
Built build_project(const Project& project, Output output);

// "built build/function.wasm in 1.2 s, 3.4 KiB".
std::string built_line(const Project& project, const Built& built);
// For programs; `facts` is what `inlay inspect --json` says of the module.
nlohmann::ordered_json built_document(const Project& project, const Built& built, const nlohmann::ordered_json& facts);

// What `inlay inspect --json` says of the module. Throws Failure where it cannot be looked at.
nlohmann::ordered_json inspect_built(const Project& project);

}  // namespace inlay::cli
