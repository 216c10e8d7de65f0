// Keeps spans within bounds; reads and writes them, and the field `traceparent`.
#include "registry/trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/limits.hpp"

namespace inlay::registry {
namespace {

constexpr size_t kTraceIdDigits = 32;
constexpr size_t kParentBytes = 55;  // "00-" 32 digits "-" 16 digits "-" 2 digits

bool is_hex(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view text) { return text.find_first_not_of('0') == text.npos; }

uint64_t hex_number(std::string_view digits) {
    uint64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    return value;
}

void write(WireWriter& to, const Span& span) {
    to.number(span.id).number(span.parent).bytes(span.function).bytes(span.step).bytes(span.place).bytes(span.ending);
    to.number(span.attempts).number(span.began_ns).number(span.took_ns).number(span.cpu_ns).number(span.mapped_bytes).number(span.copied_bytes);
}

constexpr size_t kTextBytesMax = kNameBytesMax + 16;  // A step's name and the number of its call.

std::string text_of(WireReader& from) { return std::string(from.bytes().substr(0, kTextBytesMax)); }

Span read_span(WireReader& from) {
    Span span;
    span.id = from.number();
    span.parent = from.number();
    for (std::string* text : {&span.function, &span.step, &span.place, &span.ending}) *text = text_of(from);
    for (uint64_t* number : {&span.attempts, &span.began_ns, &span.took_ns, &span.cpu_ns, &span.mapped_bytes, &span.copied_bytes})
        *number = from.number();
    return span;
}

}  // namespace

void Spans::add(Span span) {
    if (list.size() < kTraceSpansMax) return list.push_back(std::move(span));
    left_out++;
    list.back() = std::move(span);
}

void Spans::add(Spans&& others) {
    left_out += others.left_out;
    for (auto& span : others.list) add(std::move(span));
}

void Spans::keep_latest(size_t most) {
    const size_t first = list.size() - std::min(list.size(), most);
    list.erase(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(first));
    left_out += first;
}

// https://www.w3.org/TR/trace-context/#traceparent-header; of later versions what they have in common with this one.
std::optional<TraceParent> parse_trace_parent(std::string_view value) noexcept {
    if (value.size() < kParentBytes || value[2] != '-' || value[35] != '-' || value[52] != '-') return std::nullopt;
    auto version = value.substr(0, 2), trace = value.substr(3, kTraceIdDigits), span = value.substr(36, 16), flags = value.substr(53, 2);
    if (!is_hex(version) || !is_hex(trace) || !is_hex(span) || !is_hex(flags) || version == "ff") return std::nullopt;
    if (is_zero(trace) || is_zero(span)) return std::nullopt;
    const bool has_more = value.size() > kParentBytes;
    if (has_more && (version == "00" || value[kParentBytes] != '-')) return std::nullopt;
    return TraceParent{TraceId(trace), hex_number(span), (hex_number(flags) & 1) != 0};
}

std::string trace_parent(std::string_view trace, uint64_t span) { return fmt::format("00-{}-{:016x}-01", trace, span); }

void write(WireWriter& to, const TraceId& id) { to.bytes(id.text()); }

void read(WireReader& from, TraceId& id) {
    auto text = from.bytes();
    id = text.size() == kTraceIdDigits && is_hex(text) ? TraceId(text) : TraceId();
}

void write(WireWriter& to, const Spans& spans) {
    to.number(spans.left_out).number(spans.list.size());
    for (const auto& span : spans.list) write(to, span);
}

void read(WireReader& from, Spans& spans) {
    spans.left_out = from.number();
    uint64_t count = from.number();
    if (count > kTraceSpansMax)
        while (from.ok()) from.number();
    for (uint64_t i = 0; i < count && from.ok(); i++) spans.list.push_back(read_span(from));
}

void write(WireWriter& to, const Trace& trace) {
    to.bytes(trace.id);
    write(to, trace.spans);
}

void read(WireReader& from, Trace& trace) {
    trace.id = from.bytes();
    read(from, trace.spans);
    const bool whole = trace.id.size() == kTraceIdDigits && is_hex(trace.id) && !trace.spans.list.empty();
    while (!whole && from.ok()) from.number();
}

}  // namespace inlay::registry
