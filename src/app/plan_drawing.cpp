// Nodes and edges, and three ways to show them.
#include "app/plan_drawing.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/cli_table.hpp"

namespace inlay::cli {
using registry::Each;
using registry::Plan;
using registry::PlanSource;
using registry::Step;
using registry::When;
namespace {

std::string name_of(const Plan& plan, const PlanSource& source) {
    switch (source.kind) {
        case PlanSource::Kind::request: return "request";
        case PlanSource::Kind::each: return "each";
        case PlanSource::Kind::object: return "o/" + source.object.source();
        case PlanSource::Kind::step: return plan.steps[source.step].name;
    }
    return "";
}

std::string describe_when(const Plan& plan, const When& when) {
    switch (when.kind) {
        case When::Kind::always: return "";
        case When::Kind::is_empty: return fmt::format("if {} is empty", plan.steps[when.step].name);
        case When::Kind::has_content: return fmt::format("if {} is not empty", plan.steps[when.step].name);
        case When::Kind::status: return fmt::format("if {} answers {}", plan.steps[when.step].name, when.status);
        case When::Kind::parameter: return fmt::format("if {} is {}", when.parameter, when.value);
    }
    return "";
}

std::string function_of(const Step& step) { return step.function + (step.query.source().empty() ? "" : "?" + step.query.source()); }

std::vector<std::string> lines_of(const Plan& plan, const Step& step) {
    std::vector<std::string> lines{function_of(step)};
    if (auto each = describe_each(plan, step.each); !each.empty()) lines.push_back(each);
    if (auto when = describe_when(plan, step.when); !when.empty()) lines.push_back(when);
    if (step.retries > 0) lines.push_back(fmt::format("{} retries", step.retries));
    if (step.timeout_ms > 0) lines.push_back(fmt::format("{} ms", step.timeout_ms));
    return lines;
}

std::string joined(const std::vector<std::string>& texts, std::string_view between) {
    std::string all;
    for (const auto& text : texts) all += fmt::format("{}{}", all.empty() ? "" : between, text);
    return all;
}

std::string dot_quoted(std::string_view text) {
    std::string quoted = "\"";
    for (char c : text) quoted += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    return quoted + "\"";
}

std::string xml_escaped(std::string_view text) {
    std::string escaped;
    for (char c : text)
        escaped += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : c == '"' ? "&quot;" : std::string(1, c);
    return escaped;
}

}  // namespace

std::string describe_each(const Plan& plan, const Each& each) {
    constexpr std::string_view kBy[] = {"bytes", "lines", "records"};
    switch (each.kind) {
        case Each::Kind::once: return "";
        case Each::Kind::list: return fmt::format("for each of {}", each.list.size());
        case Each::Kind::keys: return fmt::format("for each o/{}/{}*", each.bucket, each.prefix.source());
        case Each::Kind::results: return fmt::format("for each result of {}", name_of(plan, each.source));
        case Each::Kind::split: break;
    }
    const auto size = each.pieces > 0 ? fmt::format("{} pieces", each.pieces) : fmt::format("{} bytes each", each.piece_bytes);
    return fmt::format("for each piece of {}, by {}, {}", name_of(plan, each.source), kBy[static_cast<size_t>(each.by)], size);
}

PlanDrawing::PlanDrawing(const Plan& plan) : node_of_step_(plan.steps.size()) {
    for (size_t step : plan.order) add_step(plan, step);
    size_t last = 0;
    for (const auto& node : nodes_) last = std::max(last, node.stage);
    const size_t result = node_of(plan.store ? "o/" + plan.store->source() : "response", last + 1);
    add_edge(node_of_step_[plan.result], result, true);
}

size_t PlanDrawing::node_of(const std::string& name, size_t stage) {
    auto known = std::find_if(nodes_.begin(), nodes_.end(), [&](const Node& node) { return node.name == name && node.stage == stage && !node.is_step; });
    if (known != nodes_.end()) return static_cast<size_t>(known - nodes_.begin());
    nodes_.push_back({name, {}, stage, false});
    return nodes_.size() - 1;
}

void PlanDrawing::add_edge(size_t from, size_t to, bool is_content) {
    auto known = std::find_if(edges_.begin(), edges_.end(), [&](const Edge& edge) { return edge.from == from && edge.to == to; });
    if (known == edges_.end())
        edges_.push_back({from, to, is_content});
    else
        known->is_content |= is_content;
}

size_t PlanDrawing::add_source(const Plan& plan, const PlanSource& source) {
    return source.kind == PlanSource::Kind::step ? node_of_step_[source.step] : node_of(name_of(plan, source), 0);
}

void PlanDrawing::add_step(const Plan& plan, size_t number) {
    const auto& step = plan.steps[number];
    std::vector<size_t> from;
    for (const auto& source : step.inputs)
        if (source.kind != PlanSource::Kind::each) from.push_back(add_source(plan, source));
    const auto& each = step.each;
    const bool is_given_each = std::any_of(step.inputs.begin(), step.inputs.end(), [](const auto& source) { return source.kind == PlanSource::Kind::each; });
    if (each.kind == Each::Kind::split || each.kind == Each::Kind::results) from.push_back(add_source(plan, each.source));
    if (each.kind == Each::Kind::keys && is_given_each) from.push_back(node_of(fmt::format("o/{}/{}*", each.bucket, each.prefix.source()), 0));
    size_t stage = 1;
    for (size_t before : step.after) stage = std::max(stage, nodes_[node_of_step_[before]].stage + 1);
    node_of_step_[number] = nodes_.size();
    nodes_.push_back({step.name, lines_of(plan, step), stage, true});
    for (size_t source : from) add_edge(source, node_of_step_[number], true);
    for (size_t before : step.after) add_edge(node_of_step_[before], node_of_step_[number], false);
}

std::string PlanDrawing::text() const {
    Table table({{"STAGE", Table::Align::right}, {"STEP"}, {"FUNCTION"}, {"GIVEN"}, {"HOW"}});
    std::vector<size_t> order(nodes_.size());
    for (size_t i = 0; i < order.size(); i++) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [this](size_t a, size_t b) { return nodes_[a].stage < nodes_[b].stage; });
    for (size_t i : order) {
        const auto& node = nodes_[i];
        std::vector<std::string> given;
        for (const auto& edge : edges_)
            if (edge.to == i && edge.is_content) given.push_back(nodes_[edge.from].name);
        if (!node.is_step && node.stage == 0) continue;
        auto how = node.lines;
        if (!how.empty()) how.erase(how.begin());
        table.add_row({std::to_string(node.stage), node.name, node.is_step ? node.lines.front() : "", joined(given, ", "), joined(how, "; ")});
    }
    return table.text();
}

std::string PlanDrawing::dot(std::string_view name) const {
    std::string text = fmt::format("digraph {} {{\n  rankdir = LR;\n  node [shape = box, fontname = \"sans-serif\", fontsize = 11];\n", dot_quoted(name));
    for (size_t i = 0; i < nodes_.size(); i++) {
        const auto& node = nodes_[i];
        std::string label = dot_quoted(node.name);
        label.pop_back();
        for (const auto& line : node.lines) label += "\\n" + dot_quoted(line).substr(1, dot_quoted(line).size() - 2);
        text += fmt::format("  n{} [label = {}\"{}];\n", i, label, node.is_step ? "" : ", shape = plaintext");
    }
    for (const auto& edge : edges_) text += fmt::format("  n{} -> n{}{};\n", edge.from, edge.to, edge.is_content ? "" : " [style = dashed]");
    return text + "}\n";
}

std::string PlanDrawing::svg(std::string_view name) const {
    constexpr size_t kLetter = 7, kLine = 16, kGap = 60, kSpace = 24, kMargin = 16;
    size_t stages = 0;
    for (const auto& node : nodes_) stages = std::max(stages, node.stage + 1);
    struct Box {
        size_t x = 0, y = 0, width = 0, height = 0;
    };
    std::vector<Box> boxes(nodes_.size());
    size_t x = kMargin, height = 0;
    for (size_t stage = 0; stage < stages; stage++) {
        size_t y = kMargin, widest = 0;
        for (size_t i = 0; i < nodes_.size(); i++) {
            if (nodes_[i].stage != stage) continue;
            size_t letters = nodes_[i].name.size();
            for (const auto& line : nodes_[i].lines) letters = std::max(letters, line.size());
            boxes[i] = {x, y, letters * kLetter + 2 * kSpace / 2, (nodes_[i].lines.size() + 1) * kLine + kSpace / 2};
            y += boxes[i].height + kSpace;
            widest = std::max(widest, boxes[i].width);
        }
        if (widest > 0) x += widest + kGap;
        height = std::max(height, y);
    }
    std::string text = fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" font-family=\"monospace\" font-size=\"11\">\n"
                                   "<title>{}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n", x, height, xml_escaped(name));
    for (const auto& edge : edges_) {
        const auto &from = boxes[edge.from], &to = boxes[edge.to];
        const size_t x1 = from.x + from.width, y1 = from.y + from.height / 2, x2 = to.x, y2 = to.y + to.height / 2, middle = (x1 + x2) / 2;
        text += fmt::format("<path d=\"M{} {} C{} {} {} {} {} {}\" fill=\"none\" stroke=\"#555\"{}/>\n", x1, y1, middle, y1, middle, y2, x2, y2,
                            edge.is_content ? "" : " stroke-dasharray=\"4 3\"");
    }
    for (size_t i = 0; i < nodes_.size(); i++) {
        const auto& box = boxes[i];
        text += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"4\" fill=\"{}\" stroke=\"#555\"/>\n", box.x, box.y, box.width, box.height,
                            nodes_[i].is_step ? "#eaf2fb" : "#f6f6f6");
        text += fmt::format("<text x=\"{}\" y=\"{}\" font-weight=\"bold\">{}</text>\n", box.x + kSpace / 2, box.y + kLine, xml_escaped(nodes_[i].name));
        for (size_t line = 0; line < nodes_[i].lines.size(); line++)
            text += fmt::format("<text x=\"{}\" y=\"{}\">{}</text>\n", box.x + kSpace / 2, box.y + (line + 2) * kLine, xml_escaped(nodes_[i].lines[line]));
    }
    return text + "</svg>\n";
}

}  // namespace inlay::cli
