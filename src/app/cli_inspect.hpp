// The command inspect: what a module is, and whether it can be deployed.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "app/cli_command_line.hpp"
#include "engine/inspect.hpp"

namespace inlay::cli {

class InspectCommand {
  public:
    // Adds the command. Requires: this outlives `line`'s run.
    explicit InspectCommand(CommandLine& line);
    InspectCommand(const InspectCommand&) = delete;
    InspectCommand& operator=(const InspectCommand&) = delete;

  private:
    int run(Output output) const;

    std::string file_;
    std::string memory_;
};

// {"kind","bytes","text","deployable","refusal","memory":{"initial_bytes","maximum_bytes"},"imports":[{"module","name","type","known",
// "remedy"}],"exports":[{"name","type"}]}
nlohmann::ordered_json json_of(const engine::ModuleFacts& facts);

// The same for people, as json_of() gives it.
std::string describe_module(const std::string& file, const nlohmann::ordered_json& facts);

}  // namespace inlay::cli
