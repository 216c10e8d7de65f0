// Asks for traces and draws them.
#include "app/cli_trace.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>
#include <vector>

#include "app/cli_answer.hpp"
#include "app/cli_content.hpp"
#include "app/cli_encoding.hpp"
#include "app/cli_failure.hpp"
#include "app/cli_quantity.hpp"
#include "app/cli_table.hpp"

namespace inlay::cli {
namespace {

using nlohmann::ordered_json;

constexpr unsigned kLooksMax = 25;
constexpr auto kLookInterval = std::chrono::milliseconds(20);

std::string trace_target(const std::string& id) { return "/v1/traces/" + percent_encode(id); }

std::string milliseconds(uint64_t us) { return fmt::format("{}.{:02} ms", us / 1000, us % 1000 / 10); }

uint64_t number_of(const ordered_json& span, const char* name) { return span.value(name, uint64_t{0}); }

// "NAME" or "STEP: NAME".
std::string title_of(const ordered_json& span) {
    const auto& step = span.at("step");
    return step.is_string() ? fmt::format("{}: {}", step.get<std::string>(), span.value("function", "")) : span.value("function", "");
}

class Tree {
  public:
    explicit Tree(const ordered_json& spans) {
        std::map<std::string, bool> known;
        for (const auto& span : spans) known[span.value("id", "")] = true;
        for (const auto& span : spans) {
            auto parent = span.value("parent", "");
            below_[known.contains(parent) && parent != span.value("id", "") ? parent : ""].push_back(&span);
        }
        for (auto& [parent, list] : below_)
            std::stable_sort(list.begin(), list.end(), [](auto* a, auto* b) { return number_of(*a, "began_us") < number_of(*b, "began_us"); });
    }

    void add_to(Table& table) { add_below(table, "", ""); }

  private:
    // Each is shown once: a circle, which only a liar can make, ends.
    void add_below(Table& table, const std::string& parent, const std::string& indent) {
        auto found = below_.extract(parent);
        if (!found) return;
        const auto list = std::move(found.mapped());
        for (size_t i = 0; i < list.size(); i++) {
            const auto& span = *list[i];
            const bool is_last = i + 1 == list.size(), is_root = parent.empty();
            const std::string attempts = number_of(span, "attempts") > 1 ? fmt::format(" (attempt {})", number_of(span, "attempts")) : "";
            table.add_row({(is_root ? "" : indent + (is_last ? "`- " : "|- ")) + title_of(span), span.value("ending", "") + attempts, span.value("place", ""),
                           "+" + milliseconds(number_of(span, "began_us")), milliseconds(number_of(span, "took_us")), milliseconds(number_of(span, "cpu_us")),
                           format_size(number_of(span, "mapped")), format_size(number_of(span, "copied")), span.value("id", "")});
            add_below(table, span.value("id", ""), is_root ? "" : indent + (is_last ? "   " : "|  "));
        }
    }

    std::map<std::string, std::vector<const ordered_json*>> below_;
};

}  // namespace

std::string new_trace_id() {
    std::random_device random;
    std::string id;
    while (id.size() < 32) id += fmt::format("{:08x}", random() | 1);  // Never all zero.
    return id;
}

std::string traceparent_of(const std::string& trace) { return fmt::format("00-{}-{}-01", trace, trace.substr(16)); }

std::string trace_tree(const ordered_json& trace) {
    constexpr auto kRight = Table::Align::right;
    Table table({{"CALL"}, {"ENDED"}, {"IN"}, {"BEGAN", kRight}, {"TOOK", kRight}, {"CPU", kRight}, {"MAPPED", kRight}, {"COPIED", kRight}, {"INVOCATION"}});
    Tree(trace.at("spans")).add_to(table);
    std::string text = table.text();
    if (uint64_t left_out = number_of(trace, "left_out")) text += fmt::format("and {} calls more, which were not kept\n", format_count(left_out));
    return text;
}

void show_new_trace(const Client& client, const std::string& id) {
    for (unsigned looks = 0; looks < kLooksMax; looks++) {
        TextSink text(kDocumentContentBytesMax);
        auto head = client.send_any({"GET", trace_target(id), {}, nullptr}, [&](const ResponseHead&) -> ContentSink& { return text; });
        if (head.successful()) {
            std::fputs(fmt::format("trace {}\n{}", id, trace_tree(ordered_json::parse(text.text()))).c_str(), stderr);
            return;
        }
        std::this_thread::sleep_for(kLookInterval);
    }
    std::fputs(fmt::format("trace {} is not there yet: see inlay trace {}\n", id, id).c_str(), stderr);
}

TraceCommands::TraceCommands(CommandLine& line) {
    auto& showing = line.add("trace", "Show a request's calls as a tree", [this](const Client& client) { return show(client); });
    showing.add_option("ID", id_, "The trace's id, 32 hex digits: the second part of its traceparent")->required();
    line.add("traces", "List the latest traces", [this](const Client& client) { return list(client); });
}

int TraceCommands::show(const Client& client) const {
    auto trace = client.ask({"GET", trace_target(id_)});
    if (client.json()) {
        print_json(trace);
        return kExitDone;
    }
    StreamSink out(stdout);
    out.write(trace_tree(trace));
    out.finish();
    return kExitDone;
}

int TraceCommands::list(const Client& client) const {
    auto answer = client.ask({"GET", "/v1/traces"});
    if (client.json()) {
        print_json(answer);
        return kExitDone;
    }
    constexpr auto kRight = Table::Align::right;
    Table table({{"TRACE"}, {"TIME"}, {"FUNCTION"}, {"ENDED"}, {"TOOK", kRight}, {"CALLS", kRight}});
    for (const auto& trace : answer.at("traces"))
        table.add_row({member_text(trace, "trace"), member_text(trace, "time"), member_text(trace, "function"), member_text(trace, "ending"),
                       milliseconds(number_of(trace, "took_us")), format_count(number_of(trace, "spans"))});
    StreamSink out(stdout);
    out.write(table.text());
    out.finish();
    return kExitDone;
}

}  // namespace inlay::cli
