// Gives accounts, takes them back, and adds up.
#include "control/accounts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.hpp"

namespace inlay::control {
namespace {

struct Series {
    std::string_view name;
    std::string_view kind;
    std::string_view help;
    uint64_t Usage::*value;
};

constexpr std::array<Series, 6> kSeries{{
    {"inlay_function_invocations_total", "counter", "Invocations admitted, of the functions that used most processor time", &Usage::invocations},
    {"inlay_function_refused_total", "counter", "Invocations refused at the function's rate or concurrency", &Usage::refused},
    {"inlay_function_overruns_total", "counter", "Invocations that began again in a lane", &Usage::overruns},
    {"inlay_function_cpu_microseconds_total", "counter", "Processor time of all attempts", &Usage::cpu_us},
    {"inlay_function_lost_microseconds_total", "counter", "Of it in attempts that began again", &Usage::lost_us},
    {"inlay_function_in_flight", "gauge", "Invocations under way now", &Usage::in_flight},
}};

struct EdgeSeries {
    std::string_view name;
    std::string_view help;
    std::atomic<uint64_t> registry::EdgeAccount::*value;
    uint64_t unit;
};

constexpr std::array<EdgeSeries, 4> kEdgeSeries{{
    {"inlay_edge_calls_total", "Calls, by caller and callee", &registry::EdgeAccount::calls, 1},
    {"inlay_edge_failed_total", "Of them, those that did not complete", &registry::EdgeAccount::failed, 1},
    {"inlay_edge_cpu_microseconds_total", "Processor time of the callees", &registry::EdgeAccount::cpu_ns, 1000},
    {"inlay_edge_mapped_bytes_total", "Bytes of windows mapped into the callees", &registry::EdgeAccount::mapped_bytes, 1},
}};

}  // namespace

Accounts::Accounts(const registry::SharedState& state, size_t workers) : state_(state), workers_(workers) {}

std::optional<uint32_t> Accounts::account_of(const std::string& name) {
    if (auto found = held_.find(name); found != held_.end()) return found->second.account;
    if (given_ == kFunctionsMax && free_.empty()) return std::nullopt;
    bool is_fresh = given_ < kFunctionsMax;
    uint32_t account = is_fresh ? given_++ : free_.front();
    if (!is_fresh) free_.pop_front();
    held_.emplace(name, Held{account, sum_of(account)});
    return account;
}

std::optional<uint32_t> Accounts::forget(const std::string& name) {
    auto found = held_.find(name);
    if (found == held_.end()) return std::nullopt;
    const uint32_t account = found->second.account;
    free_.push_back(account);
    held_.erase(found);
    return account;
}

Usage Accounts::usage_of(const std::string& name) const {
    auto found = held_.find(name);
    return found == held_.end() ? Usage{} : usage_of(found->second);
}

Usage Accounts::usage_of(const Held& held) const {
    Usage usage = sum_of(held.account);
    for (const auto& series : kSeries)
        if (series.value != &Usage::in_flight) usage.*series.value -= std::min(usage.*series.value, held.before.*series.value);
    return usage;
}

Usage Accounts::sum_of(uint32_t account) const {
    Usage sum;
    uint64_t cpu_ns = 0, lost_ns = 0;
    for (size_t slot = 0; slot < workers_; slot++) {
        const auto& one = state_.accounts[slot][account];
        sum.invocations += one.invocations.load(std::memory_order_relaxed);
        sum.refused += one.refused.load(std::memory_order_relaxed);
        sum.overruns += one.overruns.load(std::memory_order_relaxed);
        sum.in_flight += one.in_flight.load(std::memory_order_relaxed);
        cpu_ns += one.cpu_ns.load(std::memory_order_relaxed);
        lost_ns += one.lost_ns.load(std::memory_order_relaxed);
    }
    sum.cpu_us = cpu_ns / 1000;
    sum.lost_us = lost_ns / 1000;
    return sum;
}

std::string Accounts::metrics() const {
    std::vector<std::pair<std::string_view, Usage>> all;
    for (const auto& [name, held] : held_) all.emplace_back(name, usage_of(held));
    size_t count = std::min(all.size(), kMetricFunctionsMax);
    std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), all.end(),
                      [](const auto& a, const auto& b) { return a.second.cpu_us > b.second.cpu_us; });
    all.resize(count);
    std::string text;
    for (const auto& series : kSeries) {
        text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", series.name, series.help, series.name, series.kind);
        for (const auto& [name, usage] : all) text += fmt::format("{}{{function=\"{}\"}} {}\n", series.name, name, usage.*series.value);
    }
    return text;
}

std::string Accounts::edge_metrics() const {
    struct Edge {
        std::string_view caller, callee;
        std::array<uint64_t, kEdgeSeries.size()> values{};
    };
    std::unordered_map<uint32_t, std::string_view> names;
    for (const auto& [name, held] : held_) names.emplace(held.account, name);
    std::unordered_map<uint64_t, Edge> by_pair;  // A pair may have two places.
    for (const auto& edge : state_.edges) {
        const uint64_t pair = edge.pair.load(std::memory_order_relaxed);
        auto caller = names.find(static_cast<uint32_t>(pair >> 32)), callee = names.find(static_cast<uint32_t>(pair) - 1);
        if (pair == 0 || caller == names.end() || callee == names.end()) continue;
        auto& sum = by_pair.try_emplace(pair, Edge{caller->second, callee->second, {}}).first->second;
        for (size_t i = 0; i < kEdgeSeries.size(); i++) sum.values[i] += (edge.*kEdgeSeries[i].value).load(std::memory_order_relaxed);
    }
    std::vector<Edge> all;
    for (const auto& [pair, edge] : by_pair)
        if (edge.values[0] > 0) all.push_back(edge);
    std::sort(all.begin(), all.end(), [](const Edge& a, const Edge& b) { return a.values[0] > b.values[0]; });
    all.resize(std::min(all.size(), kMetricFunctionsMax));
    std::string text;
    for (size_t i = 0; i < kEdgeSeries.size(); i++) {
        const auto& series = kEdgeSeries[i];
        text += fmt::format("# HELP {} {}\n# TYPE {} counter\n", series.name, series.help, series.name);
        for (const auto& edge : all)
            text += fmt::format("{}{{caller=\"{}\",callee=\"{}\"}} {}\n", series.name, edge.caller, edge.callee, edge.values[i] / series.unit);
    }
    return text + fmt::format("# HELP inlay_edges_not_counted_total Calls between functions of which there were too many pairs\n"
                              "# TYPE inlay_edges_not_counted_total counter\ninlay_edges_not_counted_total {}\n",
                              state_.edges_not_counted.load(std::memory_order_relaxed));
}

}  // namespace inlay::control
