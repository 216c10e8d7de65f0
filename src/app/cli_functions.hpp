// The commands about functions: deploy, functions, remove, logs.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "app/cli_command_line.hpp"
#include "app/cli_encoding.hpp"
#include "base/function_limits.hpp"

namespace inlay::cli {

// As they were given; what is empty was not.
struct DeployOptions {
    std::string timeout;
    std::string memory;
    std::string run_class;
    std::vector<std::string> limits;  // NAME=VALUE
    std::vector<std::string> env;     // NAME=VALUE
    bool isolate = false;
    bool warm = false;
    std::vector<std::string> directories;  // PATH=BUCKET or PATH=BUCKET:w
};

class FunctionCommands {
  public:
    // Adds the commands. Requires: this outlives `line`'s run.
    explicit FunctionCommands(CommandLine& line);
    FunctionCommands(const FunctionCommands&) = delete;
    FunctionCommands& operator=(const FunctionCommands&) = delete;

  private:
    struct Deployment {
        std::string name;
        std::string file;
        DeployOptions options;
    };

    int deploy(const Client& client) const;
    int deploy(const Client& client, const Deployment& wanted) const;
    int list(const Client& client) const;
    int remove(const Client& client) const;
    int logs(const Client& client) const;

    std::string name_;
    std::string file_;
    DeployOptions options_;
    bool usage_ = false;
    bool follow_ = false;
};

// What the options --timeout, --memory, --limit ("cpu_ms=500", "cpu_ms=2s", "output_bytes=64MiB", "rate=10") and --env of a function say. Throw Failure (wrong use) for what cannot be understood.
uint64_t timeout_ms_of(const std::string& timeout);
uint64_t memory_bytes_of(const std::string& memory);
std::pair<const FunctionLimitRow*, uint64_t> limit_of(const std::string& pair);
void check_environment_pair(const std::string& pair);

// What PUT /v1/functions/NAME is told. Throws Failure (wrong use) for what cannot be understood.
QueryPairs deploy_query(const DeployOptions& options);

}  // namespace inlay::cli
