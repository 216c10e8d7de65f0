// shell -> module -> inspect.
#include "app/cli_build.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "app/cli_child.hpp"
#include "app/cli_encoding.hpp"
#include "app/cli_failure.hpp"
#include "app/cli_quantity.hpp"
#include "base/clock.hpp"

namespace inlay::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr int kShellFoundNothing = 127;

// What a language's build needs, for who has it not.
std::string_view needs_of(std::string_view lang) {
    if (lang == "rust") return "It needs cargo and a Rust for wasm32-unknown-unknown";
    if (lang == "go") return "It needs Go 1.24 or later";
    if (lang == "ts") return "It needs Node.js 20 or later with npm";
    return "It needs make, clang and wasm-ld";
}

}  // namespace

pid_t begin_build(const Project& project, Output output, bool own_group) {
    std::fflush(stdout);
    os::ChildPlan plan;
    plan.directory = project.directory;
    plan.signal_at_our_end = SIGTERM;
    plan.own_group = own_group;
    if (output == Output::json) plan.output = ::fileno(stderr);
    return need(os::spawn_shell(project.build_command, plan));
}

Built conclude_build(const Project& project, const os::Exit& ended, uint64_t took_ms) {
    if (ended.signalled || ended.status != 0) {
        auto remedy = ended.status == kShellFoundNothing ? fmt::format("A program is missing. {}; see {}", needs_of(project.lang), project.path_of("README.md"))
                                                         : std::string("What it printed is above");
        throw client_failure("build-failed", {"The build failed", fmt::format("{}: {}", project.build_command, ended.text()), std::move(remedy)});
    }
    std::error_code error;
    const auto bytes = fs::file_size(project.path_of(project.module), error);
    if (error)
        throw client_failure("no-module", {"The build made no module", fmt::format("{}: {}", project.path_of(project.module), error.message()),
                                           fmt::format("Correct module in [build] of {}, or what its command makes", kProjectFile)});
    return {took_ms, bytes};
}

Built build_project(const Project& project, Output output) {
    const uint64_t begin_ns = monotonic_ns();
    auto ended = need(os::wait_for(begin_build(project, output, false)));
    return conclude_build(project, ended, (monotonic_ns() - begin_ns) / 1'000'000);
}

std::string built_line(const Project& project, const Built& built) {
    return printable(fmt::format("built {} in {}.{} s, {}", project.module, built.took_ms / 1000, built.took_ms % 1000 / 100, format_size(built.module_bytes)));
}

ordered_json built_document(const Project& project, const Built& built, const ordered_json& facts) {
    return {{"name", project.name},       {"module", project.path_of(project.module)},      {"bytes", built.module_bytes},
            {"took_ms", built.took_ms},   {"deployable", facts.value("deployable", false)}, {"refusal", facts.value("refusal", ordered_json())},
            {"kind", facts.value("kind", "")}};
}

ordered_json inspect_built(const Project& project) {
    std::vector<std::string> arguments{"inspect", project.path_of(project.module), "--json"};
    for (const auto& [name, value] : deploy_query(project.deploy)) {
        if (name != "memory_bytes") continue;
        arguments.insert(arguments.end(), {"--memory", value});
        break;  // The first of a name counts.
    }
    auto said = run_own_command(arguments);
    auto facts = ordered_json::parse(said.output, nullptr, false);
    if (!facts.is_object()) throw client_failure("no-inspection", {"The module cannot be looked at", said.errors, "See inlay inspect"});
    return facts;
}

BuildCommand::BuildCommand(CommandLine& line) {
    auto& building = line.add_local("build", "Build a project, and say whether its module can be deployed", [this](Output output) { return run(output); });
    building.add_option("DIR", directory_, "The project's directory (default: this one)");
}

int BuildCommand::run(Output output) const {
    const auto project = read_project(directory_);
    const auto built = build_project(project, output);
    const auto facts = inspect_built(project);
    const bool deployable = facts.value("deployable", false);
    if (output == Output::json) {
        print_json(built_document(project, built, facts));
        return deployable ? kExitDone : kExitFailed;
    }
    print_line(built_line(project, built));
    if (!deployable) throw client_failure("not-deployable", {"It cannot be deployed", facts.value("refusal", ""), "See inlay inspect " + project.path_of(project.module)});
    return kExitDone;
}

}  // namespace inlay::cli
