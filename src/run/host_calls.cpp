// Host functions: calls of other functions.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/clock.hpp"
#include "base/hash.hpp"
#include "base/limits.hpp"
#include "engine/watchdog.hpp"
#include "run/executor.hpp"
#include "run/host_ranges.hpp"
#include "run/span.hpp"

namespace inlay::run::host {
namespace {

inlay_ending ending_of(const Outcome& outcome) {
    if (std::holds_alternative<Completed>(outcome.how)) return INLAY_ENDING_COMPLETED;
    if (std::holds_alternative<Failed>(outcome.how)) return INLAY_ENDING_FAILED;
    if (std::holds_alternative<Refused>(outcome.how)) return INLAY_ENDING_REFUSED;
    auto* trapped = std::get_if<Trapped>(&outcome.how);
    return trapped && trapped->error.code == Errc::function_timed_out ? INLAY_ENDING_TIMED_OUT : INLAY_ENDING_TRAPPED;
}

// ---- What goes to a callee ----

// What was handed over is final: its writer may only read it from now on (engine rule 11).
bool make_final(Invocation& invocation, const inlay_range& range) {
    auto found = invocation.window_of(range.address, range.length);
    Window& window = invocation.windows.at(found->first);
    if (window.kind != WindowKind::output) return true;
    if (!invocation.memory->make_read_only(window.area, {window.pages->fd(), window.offset, window.length})) return false;
    window.kind = WindowKind::handed_over;
    window.name = "an output window that was handed to a function";
    return true;
}

// 0, or the code that the guest gets.
int32_t gather_inputs(Invocation& invocation, std::span<const inlay_range> ranges, std::vector<Piece>& inputs) {
    for (const auto& range : ranges) {
        if (range.length > 0 && is_by_reference(invocation, range)) {
            if (!make_final(invocation, range)) return INLAY_E_IO;
            inputs.push_back(piece_in_window(invocation, range));
            continue;
        }
        auto copied = copy_ranges(invocation, {&range, 1}, invocation.terms.heap_inline_max());
        if (copied.code != 0) return copied.code;
        inputs.push_back(std::move(copied.piece));
    }
    return 0;
}

// What a guest says of a call, as it stands in its memory.
struct Said {
    GuestPtr name;
    GuestLen name_length;
    GuestPtr query;
    GuestLen query_length;
    GuestPtr ranges;
    uint32_t count;
};

// Checks it, and takes what goes with it. 0, or the code that the guest gets.
int32_t read_call(Invocation& caller, const Said& said, Call& call) {
    if (said.count > kRangesMax) return caller.meet("kRangesMax", kRangesMax);
    if (static_cast<uint32_t>(said.query_length) > kCallQueryBytesMax) return caller.meet("kCallQueryBytesMax", kCallQueryBytesMax);
    auto name = guest_text(caller, said.name, said.name_length);
    auto query = guest_text(caller, said.query, said.query_length);
    RangeRoom room;
    auto ranges = read_ranges(caller, said.ranges, said.count, room);
    if (!name || !query || !ranges) return INLAY_E_POINTER;
    if (!check_name("function", *name).ok()) return INLAY_E_NAME;
    if (!caller.instance) return INLAY_E_DENIED;  // On a fiber there is no room for the stack of another one.
    if (caller.terms.depth >= kCallDepthMax) return caller.meet("kCallDepthMax", kCallDepthMax);
    auto& left = caller.tree().calls_left;
    if (left == 0) return caller.meet("kCallsMax", kCallsMax);
    call.id = mixed(caller.terms.id + left--);
    call.name = *name;
    call.query = *query;
    return gather_inputs(caller, *ranges, call.inputs);
}

Request request_of(const Invocation& caller, Call& call, const std::string& path) {
    Request request = request_of_call(call, path, std::move(call.inputs));
    request.count_private = caller.request.count_private;
    // What an earlier attempt has opened is found again by all of them.
    request.opened = caller.request.opened;
    request.opened.insert(request.opened.end(), caller.opened.begin(), caller.opened.end());
    return request;
}

// By when the caller has to end. A stream's time begins anew with each piece.
uint64_t deadline_of(const Invocation& caller) {
    return caller.request.stream ? monotonic_ns() + caller.limits().timeout_ms * 1'000'000 : caller.terms.deadline_ns;
}

// No call has more time than its caller.
Terms terms_of(Invocation& caller, const Call& call, const registry::Function& function) {
    Terms terms = caller.terms;
    terms.id = call.id;
    terms.parent = caller.terms.id;
    terms.attempt = 1;
    terms.depth++;
    terms.tree = &caller.tree();
    terms.small_pieces = false;
    terms.caller_interrupt_ns = caller.interrupt_ns;
    terms.deadline_ns = std::min(deadline_of(caller), monotonic_ns() + function.record.limits.timeout_ms * 1'000'000);
    return terms;
}

// ---- What comes of it ----

// Content becomes sources of the caller, effects are staged with its own. Code: 0, or LIMIT: then nothing of it counts.
int32_t take_result(Invocation& caller, std::string_view name, Completed& completed, inlay_result& result) {
    auto& content = completed.response.content;
    if (caller.effects.size() + completed.effects.size() > kPublishesMax) return caller.meet("kPublishesMax", kPublishesMax);
    if (!caller.has_room_for_sources(content.size())) return caller.meet_sources_limit();
    std::move(completed.effects.begin(), completed.effects.end(), std::back_inserter(caller.effects));
    result.status = completed.response.status;
    result.size = completed.response.content_bytes();
    result.count = static_cast<uint32_t>(content.size());
    for (auto& piece : content) caller.sources.push_back(source_of(std::move(piece), fmt::format("the result of function {:?}", name)));
    return 0;
}

// Why there is no result, in words.
int32_t take_failure(Invocation& caller, const Error& error, inlay_result& result) {
    if (!caller.has_room_for_sources(1)) return caller.meet_sources_limit();
    Piece message;
    message.bytes = error.detail;
    result.size = message.size();
    result.count = 1;
    caller.sources.push_back(source_of(std::move(message), "the message of a call"));
    return INLAY_E_CALLEE;
}

int32_t tell(Invocation& caller, std::string_view name, Outcome& outcome, GuestPtr out) {
    caller.begin_sources();
    inlay_result result{};
    result.ending = ending_of(outcome);
    result.first = static_cast<uint32_t>(caller.sources.size());
    if (auto* failed = std::get_if<Failed>(&outcome.how)) result.code = failed->code;
    auto* completed = std::get_if<Completed>(&outcome.how);
    int32_t code = completed ? take_result(caller, name, *completed, result) : take_failure(caller, failure_of(name, outcome), result);
    if (code == 0 || code == INLAY_E_CALLEE) write_guest(caller, out, result);
    return code;
}

void add_cost(Invocation& caller, Outcome& of_callee) {
    caller.cost.mapped_bytes += of_callee.cost.mapped_bytes;
    caller.cost.copied.add(of_callee.cost.copied);
    caller.cost.private_bytes += of_callee.cost.private_bytes;
    caller.spans.add(std::exchange(of_callee.spans, {}));
}

// ---- Here, inside of the caller ----

// The callee has had the fault guard and the watchdog, and may have met it.
void resume(Invocation& caller) {
    caller.memory->begin_watch();
    caller.instance->forget_interrupts();
    if (caller.interrupt_ns != 0) engine::Watchdog::begin(caller.interrupt_ns);
}

Outcome refusal_of(const Invocation& caller, const Call& call, Error why) {
    Outcome outcome{.how = Refused{std::move(why)}};
    Terms terms = caller.terms;
    terms.id = call.id;
    terms.parent = caller.terms.id;
    terms.attempt = 1;
    close_span(outcome, call.name, terms, terms.trace.is_set() ? monotonic_ns() : 0);
    return outcome;
}

// nullopt: it is not for this process; where that is a worker's, all of it moves to a lane.
std::optional<Outcome> run_here(Invocation& caller, Call& call) {
    auto callee = caller.supply.admit(call.name, call.id);
    if (!callee.ok() && callee.error().code == Errc::not_implemented) return std::nullopt;
    if (!callee.ok()) return refusal_of(caller, call, std::move(callee).error());
    const bool is_heavy = callee->function->record.run_class == FunctionClass::heavy;
    if (is_heavy && caller.terms.place == Place::express) return Outcome{.how = Unfinished{}};
    const std::string path = "/f/" + call.name;
    const Request request = request_of(caller, call, path);
    const Terms terms = terms_of(caller, call, *callee->function);
    const uint64_t began_ns = terms.trace.is_set() ? monotonic_ns() : 0;
    auto outcome = execute(*callee->function, request, caller.supply, terms);
    resume(caller);
    close_span(outcome, call.name, terms, began_ns);
    caller.cost.callees_ns += outcome.cost.cpu_ns + outcome.cost.callees_ns;
    caller.supply.note_call({caller.function, *callee->function, outcome});
    return outcome;
}

// Whether all that has begun ends, and begins again: an attempt that cannot go on here ends with all of its callers.
bool begins_again(Invocation& caller, std::optional<Outcome>& outcome) {
    if (!outcome) return caller.terms.place == Place::express;
    auto* unfinished = std::get_if<Unfinished>(&outcome->how);
    if (!unfinished) return false;
    std::move(unfinished->opened.begin(), unfinished->opened.end(), std::back_inserter(caller.opened));
    caller.cold = std::move(unfinished->cold);
    return true;
}

// ---- Elsewhere, beside the caller ----

bool hand_over(Invocation& caller, size_t number) {
    Child& child = caller.children[number];
    const CallTerms terms{deadline_of(caller), caller.terms.depth + 1, caller.tree().calls_left / kChildCallsShare, caller.terms.trace, caller.terms.id};
    if (!caller.supply.hand_over(child.call, terms, child.only_away)) return false;
    child.is_away = true;
    caller.away.push_back(number);
    return true;
}

// Takes what has come of those that are away. False: nothing.
bool look_for_news(Invocation& caller) {
    if (caller.away.empty()) return false;
    caller.supply.look_for_news();
    return 0 < std::erase_if(caller.away, [&](size_t number) {
        Child& child = caller.children[number];
        auto news = caller.supply.take_news(child.call.id);
        if (!news) return false;
        child.is_away = false;
        child.outcome = std::move(news->outcome);
        if (child.outcome) child.call.inputs.clear();
        return true;
    });
}

void give_up(Invocation& caller) {
    for (size_t number : std::exchange(caller.away, {}))
        caller.children[number].outcome = Outcome{.how = Refused{Error{Errc::draining, "the worker that ran it is gone: retry"}}};
}

bool is_here(const Child& child) { return !child.is_away && !child.outcome && !child.was_waited_for; }

// Whichever is to be run next: `wanted`, or the first of all that are here.
Child* next_here(Invocation& caller, std::optional<uint32_t> wanted) {
    auto may_run = [](const Child& child) { return is_here(child) && !child.only_away; };
    if (wanted && may_run(caller.children[*wanted])) return &caller.children[*wanted];
    if (wanted && caller.away.empty()) return nullptr;
    auto found = std::find_if(caller.children.begin(), caller.children.end(), may_run);
    return found == caller.children.end() ? nullptr : &*found;
}

// Brings what was spawned on by one step. 0, or the code that the guest gets.
int32_t bring_on(Invocation& caller, std::optional<uint32_t> wanted) {
    const bool has_news = look_for_news(caller);
    auto& children = caller.children;
    for (size_t i = caller.first_here; i < children.size() && (!is_here(children[i]) || hand_over(caller, i)); i++) caller.first_here = i + 1;
    if (has_news) return 0;
    if (Child* child = next_here(caller, wanted)) {
        auto outcome = run_here(caller, child->call);
        if (begins_again(caller, outcome)) return engine::kStopGuest;
        child->outcome = std::move(outcome);
        if (child->outcome) return 0;
        if (caller.terms.place != Place::lane) return INLAY_E_DENIED;
        child->only_away = true;
        caller.first_here = std::min(caller.first_here, static_cast<size_t>(child - children.data()));
        return 0;
    }
    if (!caller.supply.await_news()) give_up(caller);
    return 0;
}

int32_t tell_child(Invocation& caller, uint32_t number, GuestPtr out) {
    Child& child = caller.children[number];
    Outcome outcome = std::move(*std::exchange(child.outcome, std::nullopt));
    const Call call = std::exchange(child.call, {});
    child.was_waited_for = true;
    caller.waited_for++;
    add_cost(caller, outcome);
    return tell(caller, call.name, outcome, out);
}

int32_t spawn_call(Invocation& caller, const Said& said) {
    if (caller.children.size() - caller.waited_for >= kChildrenMax) return caller.meet("kChildrenMax", kChildrenMax);
    Child child;
    if (int32_t code = read_call(caller, said, child.call); code != 0) return code;
    caller.children.push_back(std::move(child));
    return static_cast<int32_t>(caller.children.size() - 1);
}

bool may_wait_for(const Invocation& caller, uint32_t child) { return child < caller.children.size() && !caller.children[child].was_waited_for; }

int32_t wait_for(Invocation& caller, uint32_t child, GuestPtr out) {
    while (!caller.children[child].outcome)
        if (int32_t code = bring_on(caller, child); code != 0) return code;
    return tell_child(caller, child, out);
}

// The first of these that has ended; nullopt: none has.
std::optional<uint32_t> find_ended(const Invocation& caller, std::span<const uint32_t> children) {
    for (uint32_t child : children)
        if (caller.children[child].outcome) return child;
    return std::nullopt;
}

}  // namespace

int32_t call(Invocation& invocation, GuestPtr name, GuestLen name_length, GuestPtr query, GuestLen query_length, GuestPtr ranges,
             uint32_t count, GuestPtr out) noexcept {
    if (!fits_guest<inlay_result>(invocation, out)) return INLAY_E_POINTER;
    Call call;
    if (int32_t code = read_call(invocation, {name, name_length, query, query_length, ranges, count}, call); code != 0) return code;
    auto outcome = run_here(invocation, call);
    if (begins_again(invocation, outcome)) return engine::kStopGuest;
    if (!outcome && invocation.terms.place != Place::lane) return INLAY_E_DENIED;
    if (!outcome) {
        Child child;
        child.call = std::move(call);
        child.only_away = true;
        invocation.children.push_back(std::move(child));
        return wait_for(invocation, static_cast<uint32_t>(invocation.children.size() - 1), out);
    }
    auto* refused = std::get_if<Refused>(&outcome->how);
    if (refused && refused->error.code == Errc::function_not_found) return INLAY_E_ABSENT;
    add_cost(invocation, *outcome);
    return tell(invocation, call.name, *outcome, out);
}

int32_t spawn(Invocation& invocation, GuestPtr name, GuestLen name_length, GuestPtr query, GuestLen query_length, GuestPtr ranges,
              uint32_t count) noexcept {
    int32_t number = spawn_call(invocation, {name, name_length, query, query_length, ranges, count});
    if (number >= 0 && invocation.first_here == static_cast<size_t>(number) && hand_over(invocation, static_cast<size_t>(number)))
        invocation.first_here++;
    return number;
}

int32_t wait(Invocation& invocation, uint32_t child, GuestPtr out) noexcept {
    if (!fits_guest<inlay_result>(invocation, out)) return INLAY_E_POINTER;
    return may_wait_for(invocation, child) ? wait_for(invocation, child, out) : INLAY_E_ARGUMENT;
}

int32_t wait_any(Invocation& invocation, GuestPtr children, uint32_t count, GuestPtr out) noexcept {
    if (count > kChildrenMax) return invocation.meet("kChildrenMax", kChildrenMax);
    auto listed = guest_text(invocation, children, GuestLen{static_cast<uint32_t>(count * sizeof(uint32_t))});
    if (!listed || !fits_guest<inlay_result>(invocation, out)) return INLAY_E_POINTER;
    std::vector<uint32_t> wanted(count);
    if (count > 0) std::memcpy(wanted.data(), listed->data(), listed->size());  // COPY: numbers of the ABI, no content.
    for (uint32_t i = 0; count == 0 && i < invocation.children.size(); i++)
        if (!invocation.children[i].was_waited_for) wanted.push_back(i);
    for (uint32_t child : wanted)
        if (!may_wait_for(invocation, child)) return INLAY_E_ARGUMENT;
    if (wanted.empty()) return INLAY_E_ABSENT;
    for (;;) {
        if (auto ended = find_ended(invocation, wanted)) {
            int32_t code = tell_child(invocation, *ended, out);
            return code == 0 || code == INLAY_E_CALLEE ? static_cast<int32_t>(*ended) : code;
        }
        if (int32_t code = bring_on(invocation, std::nullopt); code != 0) return code;
    }
}

}  // namespace inlay::run::host
