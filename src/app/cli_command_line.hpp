// The command line that the client commands, and those that need no server, hang themselves into.
#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <string>

#include "app/cli_client.hpp"

namespace inlay::cli {

// What every client command takes; a command without a server takes `json` only.
struct ServerOptions {
    std::string server;       // Empty: INLAY_SERVER, else kServerDefault.
    std::string token_file;   // Empty: INLAY_TOKEN_FILE, else no token.
    bool json = false;
};

class CommandLine {
  public:
    // What a command does once the line is understood. Returns the exit code.
    using Action = std::function<int(const Client&)>;
    using LocalAction = std::function<int(Output)>;

    CommandLine();

    // Adds a command with the options of ServerOptions. Valid until: this ends.
    CLI::App& add(const std::string& name, const std::string& description, Action action);
    // The same for a command that asks no server.
    CLI::App& add_local(const std::string& name, const std::string& description, LocalAction action);

    // Parses, and runs the chosen command. Returns the exit code; prints help, version and failures itself.
    int run(int argc, char** argv);

  private:
    int parse_and_act(int argc, char** argv);
    Client make_client() const;
    Output output() const { return options_.json ? Output::json : Output::text; }
    void add_server_options(CLI::App& app);
    void add_json(CLI::App& app);

    CLI::App app_;
    ServerOptions options_;
    std::function<int()> chosen_;
};

}  // namespace inlay::cli
