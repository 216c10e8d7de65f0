// Reads `traceparent`; sends what has come of it to the supervisor.
#include "serve/tracing.hpp"

#include <utility>

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
        const size_t half = spans.list.size() / 2;
        spans.list.erase(spans.list.begin(), spans.list.begin() + static_cast<std::ptrdiff_t>(half));
        spans.left_out += half;
        fields = fields_of(trace);
    }
    worker.counters().add(Counter::traces);
    worker.tell(registry::Call::note_trace, std::move(fields));
}

}  // namespace inlay::serve
