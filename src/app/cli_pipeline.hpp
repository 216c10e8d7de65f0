// The command about pipelines: inlay pipeline deploy, show and check.
#pragma once

#include <string>

#include "app/cli_command_line.hpp"
#include "app/cli_functions.hpp"

namespace inlay::cli {

class PipelineCommand {
  public:
    // Adds the command. Requires: this outlives `line`'s run.
    explicit PipelineCommand(CommandLine& line);
    PipelineCommand(const PipelineCommand&) = delete;
    PipelineCommand& operator=(const PipelineCommand&) = delete;

  private:
    int run(const Client& client) const;
    int deploy(const Client& client) const;
    int show(const Client& client) const;
    int check(const Client& client) const;
    std::string text_of(const Client& client) const;

    std::string action_;
    std::string name_;
    std::string file_;
    std::string as_ = "text";
    DeployOptions options_;
};

}  // namespace inlay::cli
