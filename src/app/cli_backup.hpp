// The command backup: makes a data directory from another one, whose server may run. No server is asked.
#pragma once

#include <string>

#include "app/cli_command_line.hpp"

namespace inlay::cli {

class BackupCommand {
  public:
    // Adds the command. Requires: this outlives `line`'s run.
    explicit BackupCommand(CommandLine& line);
    BackupCommand(const BackupCommand&) = delete;
    BackupCommand& operator=(const BackupCommand&) = delete;

  private:
    int back_up(Output output) const;

    std::string to_;
    std::string data_directory_;
    bool copy_ = false;
};

}  // namespace inlay::cli
