// The command new: a project from nothing, with the SDK of its language beside it, so that it builds without asking anybody for ours.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/cli_command_line.hpp"

namespace inlay::cli {

class NewCommand {
  public:
    // Adds the command. Requires: this outlives `line`'s run.
    explicit NewCommand(CommandLine& line);
    NewCommand(const NewCommand&) = delete;
    NewCommand& operator=(const NewCommand&) = delete;

  private:
    int run(Output output) const;

    std::string name_;
    std::string lang_;
    std::string parent_ = ".";
};

struct NewFile {
    std::string path;      // From the project's directory.
    std::string content;
    bool executable = false;
};

// What a new project holds. Requires: `lang` is one of kProjectLanguages, `name` a function's name.
std::vector<NewFile> files_of_project(std::string_view name, std::string_view lang);

// What package registries take as a name: lower case, digits, "-" and "_", a letter first, and no word of a language.
std::string package_name_of(std::string_view function);

}  // namespace inlay::cli
