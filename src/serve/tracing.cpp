// Reads `traceparent`; sends what has come of it to the supervisor.
#include "serve/tracing.hpp"

#include <algorithm>
#include <utility>

#include "base/field_rules.hpp"
#include "base/limits.hpp"
#include "registry/trace.hpp"
#include "serve/worker.hpp"

namespace inlay::serve {
namespace {

constexpr size_t kHeadRoom = 64;  // For what stands before it in its message.

std::string fields_of(const registry::Trace& trace) {
    WireWriter fields;
    registry::write(fields, trace);
    return fields.take();
}

}  // namespace

void begin_trace(const RequestHead& head, run::Terms& terms) {
    auto value = head.find("traceparent");
    if (!value) return;
    auto is_one = [](const HeadField& field) { return equal_ignoring_case(field.name, "traceparent"); };
    if (std::count_if(head.fields.begin(), head.fields.end(), is_one) > 1) return;  // Which of them is meant, nobody knows.
    auto parent = registry::parse_trace_parent(*value);
    if (!parent || !parent->sampled) return;
    terms.trace = parent->trace;
    terms.parent = parent->span;
}

void end_trace(Worker& worker, const run::Terms& terms, run::Outcome& outcome, Reply* reply) {
    if (!terms.trace.is_set()) return;
    if (reply) reply->add_field("traceparent", registry::trace_parent(terms.trace.text(), terms.id));
    registry::Trace trace{std::string(terms.trace.text()), std::exchange(outcome.spans, {})};
    auto& spans = trace.spans;
    std::string fields = fields_of(trace);
    // Those of the first calls go where the message is too long; the request's own stands last.
    while (fields.size() + kHeadRoom > kMessageBytesMax) {
        spans.keep_latest(spans.list.size() / 2);
        fields = fields_of(trace);
    }
    worker.counters().add(Counter::traces);
    worker.tell(registry::Call::note_trace, std::move(fields));
}

}  // namespace inlay::serve
