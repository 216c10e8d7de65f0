// The commands about traces: inlay trace, inlay traces.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "app/cli_command_line.hpp"

namespace inlay::cli {

class TraceCommands {
  public:
    // Adds the commands. Requires: this outlives `line`'s run.
    explicit TraceCommands(CommandLine& line);
    TraceCommands(const TraceCommands&) = delete;
    TraceCommands& operator=(const TraceCommands&) = delete;

  private:
    int show(const Client& client) const;
    int list(const Client& client) const;

    std::string id_;
};

// A new one, 32 hex digits; and a `traceparent` that begins it.
std::string new_trace_id();
std::string traceparent_of(const std::string& trace);

// What GET /v1/traces/ID says, as a tree of calls: each below its caller, in the order in which they began.
std::string trace_tree(const nlohmann::ordered_json& trace);

// Asks for a trace that has ended a moment ago and prints it on standard error.
void show_new_trace(const Client& client, const std::string& id);

}  // namespace inlay::cli
