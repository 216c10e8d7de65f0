// The command dev: a project served as it is written: built, deployed, watched, and told of.
#pragma once

#include <string>

#include "app/cli_command_line.hpp"

namespace inlay::cli {

class DevCommand {
  public:
    // Adds the command. Requires: this outlives `line`'s run.
    explicit DevCommand(CommandLine& line);
    DevCommand(const DevCommand&) = delete;
    DevCommand& operator=(const DevCommand&) = delete;

  private:
    int run(Output output) const;

    std::string directory_ = ".";
    unsigned port_ = 0;
};

}  // namespace inlay::cli
