// What a trace says of one invocation.
#include "run/span.hpp"

#include <fmt/format.h>

#include "base/clock.hpp"

namespace inlay::run {
namespace {

std::string_view name_of(Place place) {
    switch (place) {
        case Place::express:
        case Place::inline_: return "worker";
        case Place::fiber: return "stream";
        case Place::lane: return "lane";
    }
    return "";
}

std::string ending_of(const Outcome& outcome) {
    if (auto* completed = std::get_if<Completed>(&outcome.how)) return std::to_string(completed->response.status);
    if (auto* failed = std::get_if<Failed>(&outcome.how)) return fmt::format("{} {}", traits(Errc::function_failed).name, failed->code);
    auto* trapped = std::get_if<Trapped>(&outcome.how);
    return std::string(traits(trapped ? trapped->error.code : std::get<Refused>(outcome.how).error.code).name);
}

}  // namespace

void close_span(Outcome& outcome, std::string_view function, const Terms& terms, uint64_t began_ns) {
    if (!terms.trace.is_set() || std::holds_alternative<Unfinished>(outcome.how)) return;
    registry::Span span;
    span.id = terms.id;
    span.parent = terms.parent;
    span.function = function;
    span.place = name_of(terms.place);
    span.ending = ending_of(outcome);
    span.attempts = terms.attempt;
    span.began_ns = began_ns;
    span.took_ns = monotonic_ns() - began_ns;
    span.cpu_ns = outcome.cost.cpu_ns;
    span.mapped_bytes = outcome.cost.mapped_bytes;
    span.copied_bytes = outcome.cost.copied.total();
    outcome.spans.add(std::move(span));
}

}  // namespace inlay::run
