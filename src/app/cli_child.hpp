// This program again as a child, for one of its own commands, with what it prints taken.
#pragma once

#include <string>
#include <vector>

namespace inlay::cli {

struct ChildOutput {
    int exit_code = 0;      // Of one that a signal ended: 128 and the signal.
    std::string output;     // On standard output.
    std::string errors;     // On standard error.
};

// Runs `inlay ARGUMENTS...` in a directory, empty for ours, until it ends. Throws Failure where it cannot be begun, or prints too much.
ChildOutput run_own_command(const std::vector<std::string>& arguments, const std::string& directory = "");

}  // namespace inlay::cli
