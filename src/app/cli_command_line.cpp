// Parses the command line and ends every failure: a message, and an exit code.
#include "app/cli_command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/cli_failure.hpp"
#include "os/watch.hpp"

namespace inlay::cli {
namespace {

std::string text_or_environment(const std::string& text, const char* name) {
    const char* value = text.empty() ? std::getenv(name) : nullptr;
    return value ? value : text;
}

int report(const Failure& failure, bool json) {
    std::fprintf(stderr, "%s\n", (json ? failure_json(failure) : failure_line(failure)).c_str());
    return failure.exit_code;
}

// Ends the process the way the signal would have, had nothing needed cleaning up.
int die_of(int signal) {
    std::signal(signal, SIG_DFL);
    os::let_signal_through(signal);
    std::raise(signal);
    return kExitFailed;
}

// For lines that could not be parsed, so that nobody knows the options.
bool asks_for_json(int argc, char** argv) {
    return std::any_of(argv, argv + argc, [](const char* argument) { return std::string_view(argument) == "--json"; });
}

std::string first_line_without_stop(std::string text) {
    text.erase(std::min(text.find('\n'), text.size()));
    while (!text.empty() && (text.back() == '.' || text.back() == ' ')) text.pop_back();
    return text;
}

}  // namespace

CommandLine::CommandLine() : app_("Runs WebAssembly functions over data in place.", "inlay") {
    app_.set_version_flag("--version", "inlay " INLAY_VERSION);
    app_.require_subcommand(1);
    app_.footer("inlay serve runs a server; see inlay serve --help.\n"
                "Exit codes: 0 done, 1 the function or the request failed, 2 wrong use.");
    add_server_options(app_);
}

void CommandLine::add_server_options(CLI::App& app) {
    constexpr auto kGroup = "Server";
    app.add_option("--server", options_.server, fmt::format("Its URL; else INLAY_SERVER, else {}", kServerDefault))
        ->group(kGroup);
    app.add_option("--token-file", options_.token_file, "The file with its bearer token; else INLAY_TOKEN_FILE")->group(kGroup);
    add_json(app);
}

void CommandLine::add_json(CLI::App& app) { app.add_flag("--json", options_.json, "Answers and errors as JSON")->group("Output"); }

CLI::App& CommandLine::add(const std::string& name, const std::string& description, Action action) {
    auto& command = *app_.add_subcommand(name, description);
    add_server_options(command);
    command.callback([this, action = std::move(action)] { chosen_ = [this, action] { return action(make_client()); }; });
    return command;
}

CLI::App& CommandLine::add_local(const std::string& name, const std::string& description, LocalAction action) {
    auto& command = *app_.add_subcommand(name, description);
    add_json(command);
    command.callback([this, action = std::move(action)] { chosen_ = [this, action] { return action(output()); }; });
    return command;
}

Client CommandLine::make_client() const {
    auto server = text_or_environment(options_.server, "INLAY_SERVER");
    auto token_file = text_or_environment(options_.token_file, "INLAY_TOKEN_FILE");
    return Client(parse_server_address(server.empty() ? kServerDefault : server),
                  token_file.empty() ? std::string() : read_token_file(token_file),
                  output());
}

int CommandLine::parse_and_act(int argc, char** argv) {
    try {
        app_.parse(argc, argv);
    } catch (const CLI::Success& help_or_version) {
        return app_.exit(help_or_version);
    } catch (const CLI::ParseError& error) {
        auto chosen = app_.get_subcommands();
        bool unknown = chosen.empty() && argc > 1 && argv[1][0] != '-';
        throw wrong_use(unknown ? fmt::format("\"{}\" is no command", argv[1]) : first_line_without_stop(error.what()),
                        fmt::format("See inlay {}--help", chosen.empty() ? "" : chosen[0]->get_name() + " "));
    }
    return chosen_();
}

int CommandLine::run(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    bool json = asks_for_json(argc, argv);
    try {
        return parse_and_act(argc, argv);
    } catch (const Interrupted& interrupted) {
        return die_of(interrupted.signal);
    } catch (const Failure& failure) {
        return report(failure, json);
    } catch (const nlohmann::json::exception& error) {
        return report(client_failure("bad-answer", {"The server's answer is not what was expected", error.what(),
                                                    "Check that --server names an Inlay server of this version"}),
                      json);
    } catch (const std::exception& error) {
        return report(client_failure("internal", {"An internal error happened", error.what(), "Please report it"}), json);
    }
}

}  // namespace inlay::cli
