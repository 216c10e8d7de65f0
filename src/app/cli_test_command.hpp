// The command test: a project's cases, each a run of its module over files in the real runtime, without a server.
#pragma once

#include <string>
#include <vector>

#include "app/cli_command_line.hpp"
#include "app/cli_test_case.hpp"
#include "app/project.hpp"

namespace inlay::cli {

class TestCommand {
  public:
    // Adds the command. Requires: this outlives `line`'s run.
    explicit TestCommand(CommandLine& line);
    TestCommand(const TestCommand&) = delete;
    TestCommand& operator=(const TestCommand&) = delete;

  private:
    int run(Output output) const;
    std::vector<ProjectCase> chosen(const Project& project) const;

    std::string directory_ = ".";
    std::vector<std::string> cases_;  // Empty: all.
    bool no_build_ = false;
};

}  // namespace inlay::cli
