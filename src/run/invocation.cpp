// Looks things up in an invocation's state.
#include "run/invocation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "../../abi/inlay.h"
#include "base/limits.hpp"
#include "os/mapping.hpp"

namespace inlay::run {

Source source_of(std::shared_ptr<const os::Pages> pages, std::string name) {
    Source source;
    source.length = pages->size();
    source.pages = std::move(pages);
    source.name = std::move(name);
    return source;
}

Source source_of(Piece piece, std::string name) {
    Source source;
    source.name = std::move(name);
    source.pages = std::move(piece.pages);
    source.offset = piece.offset;
    source.length = piece.length;
    if (source.pages) return source;
    auto bytes = std::make_shared<const std::string>(std::move(piece.bytes));
    source.inline_bytes = *bytes;
    source.owner = std::move(bytes);
    return source;
}

void Invocation::begin_sources() {
    if (!sources.empty()) return;
    for (size_t i = 0; i < request.inputs.size(); i++) sources.push_back(source_of(request.inputs[i], fmt::format("input {} of the call", i)));
    if (!sources.empty()) return;
    Source body;
    body.name = "the request body";
    body.inline_bytes = request.body.inline_bytes;
    sources.push_back(request.body.pages ? source_of(request.body.pages, body.name) : std::move(body));
}

Result<uint32_t> Invocation::open_source(const ObjectName& name) {
    auto known = request.find_opened(name);
    auto object = known ? Result(std::move(known)) : supply.get_object(name);
    if (!object.ok()) return std::move(object).error();
    if (terms.place == Place::express) opened.push_back(*object);
    sources.push_back(source_of(registry::pages_of(std::move(object).value()), "object " + name.path()));
    return static_cast<uint32_t>(sources.size() - 1);
}

void Invocation::close_source(uint32_t source) {
    auto& closed = sources[source];
    if (closed.closed) return;
    const bool is_linked = closed.pages && closed.pages->foreign();
    if (!is_linked) closed = Source{};  // Of those that may be lost it is asked to the end: windows may show them still.
    closed.closed = true;
    closed_sources++;
}

std::optional<std::pair<uint64_t, const Window*>> Invocation::window_of(uint64_t address, uint64_t length) const {
    auto after = windows.upper_bound(address);
    if (after == windows.begin()) return std::nullopt;
    const auto& [start, window] = *std::prev(after);
    if (address + length > start + window.length) return std::nullopt;
    return std::pair{start, &window};
}

bool Invocation::add_log(uint64_t level, std::string_view text) {
    text = text.substr(0, kLogLineBytesMax);
    if (log_lines >= kLogLinesPerInvocationMax || text.size() > limits().log_bytes - log_bytes) return false;
    log_lines++;
    log_bytes += text.size();
    if (!supply.take_log_line(level, text)) log.lines.push_back({level, std::string(text)});
    return true;
}

void Invocation::add_last_log(uint64_t level, std::string_view text) {
    log.lines.push_back({level, std::string(text.substr(0, kLogLineBytesMax))});
}

int32_t Invocation::meet(std::string_view limit, uint64_t bound) {
    limit_name = limit;
    limit_bound = bound;
    limit_is_own = false;
    return INLAY_E_LIMIT;
}

int32_t Invocation::meet(uint64_t FunctionLimits::*limit) {
    auto row = std::find_if(kFunctionLimits.begin(), kFunctionLimits.end(), [&](const auto& one) { return one.value == limit; });
    meet(row->name, limits().*limit);
    limit_is_own = limits().*limit < row->max;
    return INLAY_E_LIMIT;
}

std::string Invocation::limit_met() const {
    if (limit_bound == 0) return limit_name;
    auto text = fmt::format("{} = {}", limit_name, limit_bound);
    return limit_is_own ? fmt::format("{} (--limit {}=N gives more)", text, limit_name) : text;
}

std::string Invocation::id_text() const { return invocation_id_text(terms); }

std::string invocation_id_text(const Terms& terms) {
    return terms.attempt == 1 ? fmt::format("{:016x}", terms.id) : fmt::format("{:016x}.{}", terms.id, terms.attempt);
}

void Invocation::count_private_pages() {
    if (request.count_private && memory->attached()) cost.private_bytes = memory->private_pages() * os::page_size();
}

std::optional<Error> Invocation::explain_fault() const {
    if (!memory || !memory->attached()) return std::nullopt;
    os::Fault fault = memory->last_fault();
    if (fault.kind == os::FaultKind::none) return std::nullopt;
    uint64_t address = static_cast<uint64_t>(static_cast<const uint8_t*>(fault.address) - memory->base());
    auto found = address < memory->size() ? window_of(address, 1) : std::nullopt;
    if (fault.kind == os::FaultKind::lost_page)
        return Error{Errc::object_changed,
                     fmt::format("the pages of {} went away while function {:?} used them: the file was truncated, could not "
                                 "be read, or memory for an output ran out",
                                 found ? found->second->name : "a window", function.record.name)};
    if (found && found->second->is_read_only())
        return Error{Errc::input_is_read_only,
                     fmt::format("function {:?} wrote to {} at offset {}; inputs are read-only: write into an output window "
                                 "(inlay_output) or into its own memory",
                                 function.record.name, found->second->name, address - found->first)};
    if (!fault.in_host_code) return std::nullopt;
    return Error{Errc::function_trapped,
                 fmt::format("function {:?} used memory of a window that it had unmapped", function.record.name)};
}

}  // namespace inlay::run
