// Puts the steps of a plan in order.
#include "registry/plan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "registry/plan_reader.hpp"

namespace inlay::registry {
namespace {

// Each step after those that it depends on, else as they stand in the text. Errors: some depend on themselves.
Result<std::vector<size_t>> order_of(const std::vector<Step>& steps) {
    std::vector<size_t> order;
    std::vector<bool> placed(steps.size());
    auto is_ready = [&](size_t step) {
        return !placed[step] && std::all_of(steps[step].after.begin(), steps[step].after.end(), [&](size_t before) { return placed[before]; });
    };
    while (order.size() < steps.size()) {
        size_t next = 0;
        while (next < steps.size() && !is_ready(next)) next++;
        if (next == steps.size()) break;
        placed[next] = true;
        order.push_back(next);
    }
    if (order.size() == steps.size()) return order;
    std::string names;
    unsigned line = 0;
    for (size_t i = 0; i < steps.size(); i++) {
        if (placed[i]) continue;
        if (line == 0) line = steps[i].line;
        names += fmt::format("{}{:?}", names.empty() ? "" : ", ", steps[i].name);
    }
    return wrong_plan(line, fmt::format("steps wait for each other in a circle, or behind one: {}", names));
}

}  // namespace

Error wrong_plan(unsigned line, std::string_view what) {
    return line == 0 ? Error{Errc::bad_request, fmt::format("pipeline: {}", what)}
                     : Error{Errc::bad_request, fmt::format("pipeline, line {}: {}", line, what)};
}

Result<Template> Template::parse(std::string_view text) {
    Template made;
    made.source_ = text;
    while (!text.empty()) {
        const size_t open = text.find_first_of("{}");
        if (open != 0) made.parts_.push_back({Part::Kind::text, std::string(text.substr(0, open))});
        if (open == text.npos) break;
        const size_t close = text.find('}', open);
        if (text[open] == '}' || close == text.npos)
            return Error{Errc::bad_request, fmt::format("{:?}: a brace without its other one", made.source_)};
        auto name = text.substr(open + 1, close - open - 1);
        constexpr std::string_view kQuery = "query.";
        if (name == "rest")
            made.parts_.push_back({Part::Kind::rest, {}});
        else if (name.starts_with(kQuery) && name.size() > kQuery.size())
            made.parts_.push_back({Part::Kind::parameter, std::string(name.substr(kQuery.size()))});
        else
            return Error{Errc::bad_request, fmt::format("{:?}: there is no {{{}}}; write {{rest}} or {{query.NAME}}", made.source_, name)};
        text.remove_prefix(close + 1);
    }
    return made;
}

Result<Plan> Plan::parse(std::string_view text) {
    if (text.size() > kPlanBytesMax) return wrong_plan(0, fmt::format("it has more than {} bytes", kPlanBytesMax));
    INLAY_TRY(Plan plan, read_plan(text));
    INLAY_TRY(plan.order, order_of(plan.steps));
    return plan;
}

}  // namespace inlay::registry
