// Deploys, lists and removes functions, and shows their logs.
#include "app/cli_functions.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/cli_failure.hpp"
#include "app/cli_progress.hpp"
#include "app/cli_quantity.hpp"
#include "app/cli_table.hpp"
#include "app/project.hpp"
#include "base/function_class.hpp"
#include "base/limits.hpp"
#include "base/names.hpp"

namespace inlay::cli {
namespace {

using nlohmann::ordered_json;

constexpr auto kFollowInterval = std::chrono::milliseconds(500);

void check_function_name(const std::string& name) {
    auto checked = check_name("function", name);
    if (!checked.ok()) throw wrong_use(checked.error().detail, "Choose another name");
}

bool is_bare_number(const std::string& text) { return !text.empty() && text.find_first_not_of("0123456789") == text.npos; }

void print_log_line(const ordered_json& line) {
    auto text = [&](const char* name) { return line.value(name, std::string()); };
    print_line(printable(fmt::format("{} {:5} {} {}", text("time"), text("level"), text("invocation"), text("text"))));
}

// What the functions have used since the server began, those first that used most.
std::string usage_table(const ordered_json& functions) {
    constexpr auto kRight = Table::Align::right;
    Table table({{"NAME"}, {"INVOCATIONS", kRight}, {"IN FLIGHT", kRight}, {"REFUSED", kRight}, {"CPU MS", kRight}, {"OVERRUNS", kRight}, {"LOST MS", kRight}});
    std::vector<const ordered_json*> order;
    auto number = [](const ordered_json& function, const char* name) { return function.at("usage").value(name, uint64_t{0}); };
    for (const auto& function : functions) order.push_back(&function);
    std::stable_sort(order.begin(), order.end(), [&](auto* a, auto* b) { return number(*a, "cpu_us") > number(*b, "cpu_us"); });
    for (const auto* function : order) {
        auto count = [&](const char* name, uint64_t unit = 1) { return format_count(number(*function, name) / unit); };
        table.add_row({member_text(*function, "name"), count("invocations"), count("in_flight"), count("refused"), count("cpu_us", 1000),
                       count("overruns"), count("lost_us", 1000)});
    }
    return table.text();
}

// What a project says, and what the command line says instead, or as well.
DeployOptions over(DeployOptions project, const DeployOptions& given) {
    for (auto member : {&DeployOptions::timeout, &DeployOptions::memory, &DeployOptions::run_class})
        if (!(given.*member).empty()) project.*member = given.*member;
    for (auto member : {&DeployOptions::limits, &DeployOptions::env, &DeployOptions::directories})
        (project.*member).insert((project.*member).begin(), (given.*member).begin(), (given.*member).end());  // The first of a name counts.
    project.isolate |= given.isolate;
    project.warm |= given.warm;
    return project;
}

}  // namespace

uint64_t timeout_ms_of(const std::string& timeout) {
    auto timeout_ms = parse_duration_ms(timeout);
    if (!timeout_ms || *timeout_ms == 0)
        throw wrong_use(fmt::format("--timeout {}: this is not a duration", timeout), "Write it as 500ms, 30s or 2m");
    return *timeout_ms;
}

uint64_t memory_bytes_of(const std::string& memory) {
    auto memory_bytes = parse_size_bytes(memory);
    if (!memory_bytes || *memory_bytes == 0)
        throw wrong_use(fmt::format("--memory {}: this is not a size", memory), "Write it as 64MiB, 1GiB or in bytes");
    return *memory_bytes;
}

std::pair<const FunctionLimitRow*, uint64_t> limit_of(const std::string& pair) {
    size_t equals = pair.find('=');
    const auto* row = find_function_limit(std::string_view(pair).substr(0, equals));
    if (!row || equals == pair.npos) {
        std::string names;
        for (const auto& one : kFunctionLimits) names += fmt::format("{}{}", names.empty() ? "" : ", ", one.name);
        throw wrong_use(fmt::format("--limit {}: this is no limit", pair), "Write NAME=VALUE with one of " + names);
    }
    std::string text = pair.substr(equals + 1);
    auto value = parse_size_bytes(row->unit == LimitUnit::bytes || is_bare_number(text) ? text : "");
    if (row->unit == LimitUnit::milliseconds && !value) value = parse_duration_ms(text);
    if (!value || *value == 0 || *value > row->max)
        throw wrong_use(fmt::format("--limit {}: give a value from 1 to {}", pair, row->max), fmt::format("It bounds {}", row->bounds));
    return {row, *value};
}

void check_environment_pair(const std::string& pair) {
    if (pair.find('=') == pair.npos || pair.front() == '=')
        throw wrong_use(fmt::format("--env {}: the name or the = is missing", pair), "Write it as NAME=VALUE");
}

QueryPairs deploy_query(const DeployOptions& options) {
    QueryPairs pairs;
    if (!options.run_class.empty()) {
        if (!parse_function_class(options.run_class))
            throw wrong_use(fmt::format("--class {}: there is no such class", options.run_class), "Write auto, express or heavy");
        pairs.emplace_back("class", options.run_class);
    }
    if (!options.timeout.empty()) pairs.emplace_back("timeout_ms", std::to_string(timeout_ms_of(options.timeout)));
    if (!options.memory.empty()) pairs.emplace_back("memory_bytes", std::to_string(memory_bytes_of(options.memory)));
    for (const auto& pair : options.limits) {
        const auto [row, value] = limit_of(pair);
        pairs.emplace_back(row->name, std::to_string(value));
    }
    if (options.isolate) pairs.emplace_back("isolate", "1");
    if (options.warm) pairs.emplace_back("warm", "1");
    for (const auto& directory : options.directories) pairs.emplace_back("dir", directory);
    for (const auto& pair : options.env) {
        check_environment_pair(pair);
        pairs.emplace_back("env", pair);
    }
    return pairs;
}

FunctionCommands::FunctionCommands(CommandLine& line) {
    auto& deploying = line.add("deploy", "Deploy a module as a function", [this](const Client& client) { return deploy(client); });
    deploying.add_option("NAME", name_, "The function's name: A-Z a-z 0-9 . _ -; without it and FILE: what inlay.toml of this directory says");
    deploying.add_option("FILE", file_, "The module, FILE.wasm or FILE.wat");
    deploying.add_option("--timeout", options_.timeout, "Deadline of one invocation, as 500ms or 30s");
    deploying.add_option("--memory", options_.memory, "Limit of its own memory, as 64MiB; windows count apart");
    deploying.add_option("--class", options_.run_class, "auto (the default: learns), express or heavy: where invocations begin");
    deploying.add_option("--limit", options_.limits, "NAME=VALUE, as cpu_ms=500 or rate=100; see docs/limits.md; may be repeated")->allow_extra_args(false);
    deploying.add_flag("--warm", options_.warm, "Initialise it once, now: each invocation begins with what its memory is then");
    deploying.add_option("--dir", options_.directories, "PATH=BUCKET that a WASI program finds as a directory, PATH=BUCKET:w to write there, too; may be repeated")->allow_extra_args(false);
    deploying.add_flag("--isolate", options_.isolate, "Run it only in processes of its own, in no worker");
    deploying.add_option("--env", options_.env, "NAME=VALUE that the function can read; may be repeated")->allow_extra_args(false);

    auto& listing = line.add("functions", "List the functions", [this](const Client& client) { return list(client); });
    listing.add_flag("--usage", usage_, "What they have used since the server began");

    auto& removing = line.add("remove", "Remove a function", [this](const Client& client) { return remove(client); });
    removing.add_option("NAME", name_, "The function's name")->required();

    auto& logging = line.add("logs", "Show a function's log lines", [this](const Client& client) { return logs(client); });
    logging.add_option("NAME", name_, "The function's name")->required();
    logging.add_flag("-f,--follow", follow_, "Keep waiting for new lines; with --json one object per line");
}

int FunctionCommands::deploy(const Client& client) const {
    if (name_.empty()) {
        const auto project = read_project(".");
        return deploy(client, {project.name, project.path_of(project.module), over(project.deploy, options_)});
    }
    if (file_.empty()) throw wrong_use("deploy " + name_ + ": the module's FILE is missing", "Write inlay deploy NAME FILE, or inlay deploy alone in a project's directory");
    return deploy(client, {name_, file_, options_});
}

int FunctionCommands::deploy(const Client& client, const Deployment& wanted) const {
    check_function_name(wanted.name);
    auto target = function_target(wanted.name) + query_string(deploy_query(wanted.options));
    FileSource file(wanted.file);
    ShownSource body(file, "deploy " + wanted.name);
    auto deployed = client.ask({"PUT", target, {{"Content-Type", "application/wasm"}}, &body});
    if (client.json()) {
        print_json(deployed);
    } else {
        print_line(printable(fmt::format("deployed {} (version {})", wanted.name, member_text(deployed, "version"))));
    }
    return kExitDone;
}

int FunctionCommands::list(const Client& client) const {
    auto answer = client.ask({"GET", "/v1/functions"});
    if (client.json()) {
        print_json(answer);
        return kExitDone;
    }
    StreamSink out(stdout);
    if (usage_) {
        out.write(usage_table(answer.at("functions")));
        out.finish();
        return kExitDone;
    }
    constexpr auto kRight = Table::Align::right;
    Table table({{"NAME"}, {"VERSION"}, {"CLASS"}, {"TIMEOUT", kRight}, {"MEMORY", kRight}, {"MODULE", kRight}, {"DEPLOYED"}});
    for (const auto& function : answer.at("functions"))
        table.add_row({member_text(function, "name"), member_text(function, "version"),
                       function.contains("quarantined") ? "quarantined" : member_text(function, "class"),
                       format_duration(function.value("timeout_ms", uint64_t{0})),
                       format_size(function.value("memory_bytes", uint64_t{0})),
                       format_size(function.value("module_bytes", uint64_t{0})), member_text(function, "deployed")});
    out.write(table.text());
    out.finish();
    return kExitDone;
}

int FunctionCommands::remove(const Client& client) const {
    check_function_name(name_);
    client.ask({"DELETE", function_target(name_)});
    if (client.json()) {
        print_json({{"name", name_}, {"removed", true}});
    } else {
        print_line("removed " + name_);
    }
    return kExitDone;
}

int FunctionCommands::logs(const Client& client) const {
    check_function_name(name_);
    for (uint64_t after = 0;;) {
        auto page = client.ask({"GET", function_target(name_) + "/logs" + query_string({{"after", std::to_string(after)}})});
        if (client.json() && !follow_) {
            print_json(page);
        } else {
            for (const auto& line : page.at("lines")) client.json() ? print_json(line) : print_log_line(line);
        }
        if (!follow_) return kExitDone;
        after = page.at("next").get<uint64_t>();
        std::this_thread::sleep_for(kFollowInterval);
    }
}

}  // namespace inlay::cli
