// Words.
#include "app/cli_dev_voice.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/cli_encoding.hpp"
#include "app/cli_quantity.hpp"

namespace inlay::cli {
namespace {

using nlohmann::ordered_json;

constexpr size_t kNamesMax = 3;

}  // namespace

void DevVoice::say(std::string_view event, const std::string& line, ordered_json facts) const {
    if (output_ == Output::text) return print_line(printable(line));
    ordered_json document{{"event", event}};
    document.update(facts);
    print_json(document);
}

void DevVoice::say_failure(std::string_view event, const Failure& failure, std::string_view consequence) const {
    auto facts = ordered_json::parse(failure_json(failure));
    facts["consequence"] = consequence;
    say(event, fmt::format("{}; {}", failure_line(failure), consequence), std::move(facts));
}

std::string usage_between(const ordered_json& before, const ordered_json& now) {
    auto grown = [&](const char* name) {
        const auto was = before.value(name, uint64_t{0}), is = now.value(name, uint64_t{0});
        return is - std::min(was, is);
    };
    const uint64_t invocations = grown("invocations"), refused = grown("refused"), overruns = grown("overruns"), cpu_us = grown("cpu_us");
    if (invocations == 0 && refused == 0) return "";
    auto text = fmt::format("{} request{}, {}.{:03} ms of processor time", format_count(invocations), invocations == 1 ? "" : "s", cpu_us / 1000, cpu_us % 1000);
    if (overruns > 0) text += fmt::format(", {} began again in a process of their own", format_count(overruns));
    if (refused > 0) text += fmt::format(", {} refused", format_count(refused));
    return text;
}

std::string names_of(const std::vector<std::string>& files) {
    std::string text;
    const size_t shown = files.size() <= kNamesMax + 1 ? files.size() : kNamesMax;
    for (size_t i = 0; i < shown; i++) text += fmt::format("{}{}", i == 0 ? "" : i + 1 == files.size() ? " and " : ", ", files[i]);
    if (shown < files.size()) text += fmt::format(" and {} more", files.size() - shown);
    return text;
}

}  // namespace inlay::cli
