// The command fsck: compares a data directory's catalog with its files, and reports. No server is asked.
#pragma once

#include <string>

#include "app/cli_command_line.hpp"

namespace inlay::cli {

class FsckCommand {
  public:
    // Adds the command. Requires: this outlives `line`'s run.
    explicit FsckCommand(CommandLine& line);
    FsckCommand(const FsckCommand&) = delete;
    FsckCommand& operator=(const FsckCommand&) = delete;

  private:
    int examine(Output output) const;

    std::string data_directory_;
    bool content_ = false;
};

}  // namespace inlay::cli
