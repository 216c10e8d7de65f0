// The command run: one invocation of a module file over files, in this process, without a server.
//
// The road is a worker's: the same checks at compile, the same executor and host functions, fresh output pages. Like a lane's, the
// code has no checks of its own against time: at the deadline a signal ends this process, with the message that tells so.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/cli_command_line.hpp"
#include "app/cli_run_inputs.hpp"
#include "base/head_field.hpp"
#include "base/limits.hpp"
#include "run/outcome.hpp"
#include "store/records.hpp"

namespace inlay::cli {

class RunCommand {
  public:
    // Adds the command. Requires: this outlives `line`'s run.
    explicit RunCommand(CommandLine& line);
    RunCommand(const RunCommand&) = delete;
    RunCommand& operator=(const RunCommand&) = delete;

  private:
    int run(Output output) const;
    store::FunctionRecord make_record(GivenObjects& objects) const;
    // What --query says, and the arguments as `arg`.
    std::string query() const;

    std::string file_;
    std::string name_;                   // Empty: by the file's.
    std::string path_;                   // Behind /f/NAME.
    std::vector<std::string> objects_;   // BUCKET/KEY=FILE
    std::vector<std::string> query_;
    std::vector<std::string> headers_;   // NAME: VALUE
    std::vector<std::string> env_;
    std::vector<std::string> directories_;  // NAME=PATH or NAME=PATH:ro
    std::vector<std::string> arguments_;
    std::vector<std::string> limits_;    // NAME=VALUE
    std::string method_;                 // Empty: POST with a body, else GET.
    std::string body_file_;              // Empty: none.
    std::string memory_;
    std::string timeout_;
    std::string output_file_;            // Empty: standard output.
    std::string publish_directory_;      // Empty: published objects are only told of.
    uint64_t clock_resolution_us_ = kClockResolutionUs;
    bool warm_ = false;
    bool cost_ = false;
};

// The function's name: the file's without its ending, or "function" where that is not allowed.
std::string function_name_of(const std::string& file);

// Throws Failure (wrong use) for what is no "NAME: VALUE". Valid until: `text` ends.
HeadField parse_header(const std::string& text);

// A deploy's duration, or a bare number of milliseconds.
uint64_t run_timeout_ms_of(const std::string& timeout);

}  // namespace inlay::cli
