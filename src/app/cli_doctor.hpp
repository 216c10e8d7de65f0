// The command doctor: what this machine gives Inlay, what it would gain, and what sets it. No server is needed.
#pragma once

#include <string>

#include "app/cli_command_line.hpp"

namespace inlay::cli {

class DoctorCommand {
  public:
    // Adds the command. Requires: this outlives `line`'s run.
    explicit DoctorCommand(CommandLine& line);
    DoctorCommand(const DoctorCommand&) = delete;
    DoctorCommand& operator=(const DoctorCommand&) = delete;

  private:
    int examine(Output output) const;
    int measure(Output output) const;

    std::string data_directory_;
    bool fix_ = false;
    bool bench_ = false;
};

}  // namespace inlay::cli
