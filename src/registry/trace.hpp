// Trace: what became of one request, call by call: who called whom, where it ran, for how long, over which bytes.
//
// A trace is kept where its request asks for it: by a `traceparent` whose flags say sampled (W3C Trace Context, section 3.2). Its spans are
// the request's invocation and every call below it; a span's id is that of the invocation in the log.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/wire.hpp"

namespace inlay::registry {

// 32 hex digits, or none.
class TraceId {
  public:
    TraceId() = default;
    // Requires: 32 digits.
    explicit TraceId(std::string_view digits) { std::copy_n(digits.begin(), digits_.size(), digits_.begin()); }

    bool is_set() const { return digits_[0] != 0; }
    // Empty: there is none.
    std::string_view text() const { return {digits_.data(), is_set() ? digits_.size() : 0}; }

  private:
    std::array<char, 32> digits_{};
};

struct Span {
    uint64_t id = 0;
    uint64_t parent = 0;       // Of its caller; of the first one the client's, or 0.
    std::string function;
    std::string step;          // Of a pipeline, "NAME" or "NAME[ITEM]".
    std::string place;         // "worker", "lane", "stream".
    std::string ending;        // "200", or the name of a problem.
    uint64_t attempts = 1;
    uint64_t began_ns = 0;     // Of the monotonic clock.
    uint64_t took_ns = 0;      // Until its result was there, waits included.
    uint64_t cpu_ns = 0;
    uint64_t mapped_bytes = 0; // Its calls' included, as in a cost.
    uint64_t copied_bytes = 0;
};

// Each behind those of its calls.
struct Spans {
    std::vector<Span> list;  // At most kTraceSpansMax.
    uint64_t left_out = 0;   // More than that.

    // In place of the latest one where there is no room: callers are worth more than what they have called.
    void add(Span span);
    void add(Spans&& others);
    // Leaves out the first ones beyond so many.
    void keep_latest(size_t most);
};

struct Trace {
    std::string id;  // 32 hex digits.
    Spans spans;     // The last is the request's own.
};

// What a `traceparent` says. nullopt: it is none, or of an unknown form.
struct TraceParent {
    TraceId trace;
    uint64_t span = 0;
    bool sampled = false;
};
std::optional<TraceParent> parse_trace_parent(std::string_view value) noexcept;
std::string trace_parent(std::string_view trace, uint64_t span);

void write(WireWriter& to, const TraceId& id);
// Anything else is none.
void read(WireReader& from, TraceId& id);
void write(WireWriter& to, const Spans& spans);
// At most kTraceSpansMax, with texts of at most kNameBytesMax. A bad message leaves the reader not ok().
void read(WireReader& from, Spans& spans);
void write(WireWriter& to, const Trace& trace);
// The id has its form.
void read(WireReader& from, Trace& trace);

}  // namespace inlay::registry
