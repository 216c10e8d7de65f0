// Deploys, draws and checks pipelines.
#include "app/cli_pipeline.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "app/cli_content.hpp"
#include "app/cli_failure.hpp"
#include "app/plan_drawing.hpp"
#include "base/names.hpp"
#include "registry/plan.hpp"

namespace inlay::cli {
namespace {

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw wrong_use(fmt::format("{}: this file cannot be read", path), "Name the TOML file of a pipeline");
    std::string text;
    text.assign(std::istreambuf_iterator<char>(file), {});
    return text;
}

// What can be seen without a server: functions that are not there cannot.
registry::Plan plan_of(const std::string& text) {
    auto plan = registry::Plan::parse(text);
    if (!plan.ok()) throw wrong_use(plan.error().detail, "See docs/pipelines.md");
    return std::move(plan).value();
}

bool is_file(const std::string& name) { return name.ends_with(".toml"); }

nlohmann::ordered_json json_of(const registry::Plan& plan) {
    auto steps = nlohmann::ordered_json::array();
    for (size_t i : plan.order) {
        const auto& step = plan.steps[i];
        auto after = nlohmann::ordered_json::array();
        for (size_t before : step.after) after.push_back(plan.steps[before].name);
        steps.push_back({{"name", step.name}, {"function", step.function}, {"query", step.query.source()}, {"line", step.line},
                         {"each", describe_each(plan, step.each)}, {"after", after}, {"retries", step.retries}});
    }
    return {{"steps", steps}, {"result", plan.steps[plan.result].name}, {"store", plan.store ? nlohmann::ordered_json("o/" + plan.store->source()) : nullptr}};
}

}  // namespace

PipelineCommand::PipelineCommand(CommandLine& line) {
    auto& command = line.add("pipeline", "Deploy, show or check a pipeline: functions that feed each other", [this](const Client& client) { return run(client); });
    command.add_option("ACTION", action_, "deploy NAME FILE.toml, show NAME or FILE.toml, check FILE.toml")
        ->required()
        ->check(CLI::IsMember({"deploy", "show", "check"}));
    command.add_option("NAME", name_, "The pipeline's name, or for show and check its file")->required();
    command.add_option("FILE", file_, "For deploy: its TOML, see docs/pipelines.md");
    command.add_option("--as", as_, "For show: text, dot (Graphviz), svg or toml")->check(CLI::IsMember({"text", "dot", "svg", "toml"}));
    command.add_option("--timeout", options_.timeout, "For deploy: deadline of all its steps together, as 500ms or 30s");
    command.add_option("--limit", options_.limits, "For deploy: NAME=VALUE, as rate=100 or concurrency=8; may be repeated")->allow_extra_args(false);
}

int PipelineCommand::run(const Client& client) const {
    if ((action_ == "deploy") == file_.empty())
        throw wrong_use("pipeline " + action_ + (file_.empty() ? ": the file is missing" : ": one name is enough"), "See inlay pipeline --help");
    if (action_ == "deploy") return deploy(client);
    return action_ == "show" ? show(client) : check(client);
}

int PipelineCommand::deploy(const Client& client) const {
    if (auto checked = check_name("pipeline", name_); !checked.ok()) throw wrong_use(checked.error().detail, "Choose another name");
    auto options = options_;
    options.run_class = "pipeline";
    const auto text = read_file(file_);
    auto plan = plan_of(text);
    TextSource body(text);
    auto deployed = client.ask({"PUT", function_target(name_) + query_string(deploy_query(options)), {{"Content-Type", "application/toml"}}, &body});
    if (client.json())
        print_json(deployed);
    else
        print_line(printable(fmt::format("deployed pipeline {} of {} steps (version {})", name_, plan.steps.size(), member_text(deployed, "version"))));
    return kExitDone;
}

std::string PipelineCommand::text_of(const Client& client) const {
    if (is_file(name_)) return read_file(name_);
    TextSink text(kPlanBytesMax);
    client.send({"GET", function_target(name_) + "/pipeline", {}, nullptr}, text);
    return text.text();
}

int PipelineCommand::show(const Client& client) const {
    const auto text = text_of(client);
    auto plan = plan_of(text);
    PlanDrawing drawing(plan);
    if (client.json()) {
        print_json(json_of(plan));
        return kExitDone;
    }
    StreamSink out(stdout);
    out.write(as_ == "toml" ? text : printable(as_ == "dot" ? drawing.dot(name_) : as_ == "svg" ? drawing.svg(name_) : drawing.text()));
    out.finish();
    return kExitDone;
}

int PipelineCommand::check(const Client& client) const {
    auto plan = plan_of(read_file(name_));
    if (client.json())
        print_json({{"file", name_}, {"steps", plan.steps.size()}});
    else
        print_line(printable(fmt::format("{}: {} steps, nothing wrong; whether its functions are there is seen at deploy", name_, plan.steps.size())));
    return kExitDone;
}

}  // namespace inlay::cli
