// Has a module looked at in a child that may die alone, as a deploy does it.
#include "app/cli_inspect.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "app/cli_compile.hpp"
#include "app/cli_content.hpp"
#include "app/cli_failure.hpp"
#include "app/cli_functions.hpp"
#include "app/cli_quantity.hpp"
#include "app/cli_run_inputs.hpp"
#include "base/limits.hpp"
#include "os/file.hpp"

namespace inlay::cli {
namespace {

using nlohmann::ordered_json;

constexpr uint64_t kFactsBytesMax = 64 * MiB;

Result<std::string> inspect_aside(Input module, uint64_t memory_bytes) {
    CompileAside inspecting({"module", std::move(module.file), module.size, memory_bytes, engine::Checks::epoch, control::CompileJob::Task::inspect, {}});
    INLAY_TRY(auto file, inspecting.wait());
    return os::read_from_start(file.get(), kFactsBytesMax);
}

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += fmt::format("{}{}", text.empty() ? "" : ", ", name);
    return text;
}

std::string memory_text(const ordered_json& memory) {
    if (memory.is_null()) return "none is exported";
    auto begins = format_size(memory.at("initial_bytes").get<uint64_t>());
    return memory.at("maximum_bytes").is_null() ? begins + ", no maximum" : begins + " to " + format_size(memory.at("maximum_bytes").get<uint64_t>());
}

}  // namespace

ordered_json json_of(const engine::ModuleFacts& facts) {
    ordered_json imports = ordered_json::array(), exports = ordered_json::array(), memory = nullptr;
    for (const auto& one : facts.imports)
        imports.push_back({{"module", one.module}, {"name", one.name}, {"type", one.type}, {"known", one.remedy.empty()},
                           {"remedy", one.remedy.empty() ? ordered_json(nullptr) : ordered_json(one.remedy)}});
    for (const auto& one : facts.exports) exports.push_back({{"name", one.name}, {"type", one.type}});
    if (facts.memory)
        memory = {{"initial_bytes", facts.memory->initial_bytes},
                  {"maximum_bytes", facts.memory->maximum_bytes ? ordered_json(*facts.memory->maximum_bytes) : ordered_json(nullptr)}};
    return {{"kind", facts.kind}, {"bytes", facts.bytes}, {"text", facts.is_text}, {"deployable", facts.refusal.empty()},
            {"refusal", facts.refusal.empty() ? ordered_json(nullptr) : ordered_json(facts.refusal)},
            {"memory", memory}, {"features", facts.features}, {"imports", imports}, {"exports", exports}};
}

std::string describe_module(const std::string& file, const ordered_json& facts) {
    std::map<std::string, std::vector<std::string>> known;
    std::vector<std::string> exports;
    std::string unknown;
    for (const auto& one : facts.at("imports")) {
        auto name = one.value("name", "");
        if (one.value("known", false))
            known[one.value("module", "")].push_back(name);
        else
            unknown += fmt::format("  unknown  {}.{} {}: {}\n", one.value("module", ""), name, one.value("type", ""), one.value("remedy", ""));
    }
    for (const auto& one : facts.at("exports")) exports.push_back(one.value("name", "") + " " + one.value("type", ""));
    std::string text = fmt::format("{}: {}, {}{}\n", file, facts.value("kind", ""), format_size(facts.value("bytes", uint64_t{0})), facts.value("text", false) ? " of text" : "");
    text += fmt::format("  memory   {}\n", memory_text(facts.at("memory")));
    const auto features = facts.value("features", std::vector<std::string>());
    if (!features.empty()) text += fmt::format("  features {}\n", joined(features));
    for (const auto& [module, names] : known) text += fmt::format("  imports  {}: {}\n", module, joined(names));
    text += unknown;
    text += fmt::format("  exports  {}\n", exports.empty() ? "nothing" : joined(exports));
    text += facts.value("deployable", false) ? "  it can be deployed\n" : fmt::format("  it cannot be deployed: {}\n", facts.value("refusal", ""));
    return printable(text);
}

InspectCommand::InspectCommand(CommandLine& line) {
    auto& inspecting = line.add_local("inspect", "Show a module's imports, exports, memory and features, and whether it can be deployed", [this](Output output) { return run(output); });
    inspecting.add_option("FILE", file_, "The module, FILE.wasm or FILE.wat, - for standard input")->required();
    inspecting.add_option("--memory", memory_, "The limit of its own memory that it is to be deployed with, as 64MiB");
}

int InspectCommand::run(Output output) const {
    const uint64_t memory_bytes = memory_.empty() ? kMemoryBytesDefault : memory_bytes_of(memory_);
    const auto text = need(inspect_aside(open_input(file_, kModuleBytesMax), memory_bytes));
    const auto facts = ordered_json::parse(text);
    if (output == Output::json) {
        print_json(facts);
    } else {
        StreamSink out(stdout);
        out.write(describe_module(file_, facts));
        out.finish();
    }
    return facts.value("deployable", false) ? kExitDone : kExitFailed;
}

}  // namespace inlay::cli
