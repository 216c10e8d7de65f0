// Judges traps and results.
#include "run/conclusion.hpp"

#include <fmt/format.h>

#include "../../abi/inlay.h"
#include "base/clock.hpp"
#include "os/memfd.hpp"
#include "run/wasi_state.hpp"

namespace inlay::run {

namespace {

// A guest that has returned this code, or said it to WASI's proc_exit.
How end_with(Invocation& invocation, int32_t code) {
    if (auto finished = wasi::finish(invocation, code); !finished.ok()) return Trapped{std::move(finished).error()};
    if (code != 0) return Failed{code, invocation.limit_met(), wasi::output_of(invocation)};
    return Completed{std::move(invocation.response), std::move(invocation.effects)};
}

// What the guest ran into in a window while host code worked for it. Host code was let go on over scratch pages: whatever came of it is void.
std::optional<Error> fault_in_host_code(const Invocation& invocation) {
    const bool has_fault = invocation.memory && invocation.memory->attached() && invocation.memory->last_fault().in_host_code;
    return has_fault ? invocation.explain_fault() : std::nullopt;
}

}  // namespace

void note_refused_memory(Invocation& invocation) {
    const bool was_refused = invocation.memory && invocation.memory->was_refused();
    const bool is_its_own = was_refused && invocation.memory->own_bytes_max() >= invocation.limits().memory_bytes;  // Else a worker gives less, and who wants more moves on.
    if (is_its_own && invocation.limit_name.empty()) invocation.meet(&FunctionLimits::memory_bytes);
}

std::string after_limit_met(const Invocation& invocation) {
    auto met = invocation.limit_met();
    return met.empty() ? "" : ", after it had met a limit: " + met;
}

How judge(Invocation& invocation, const engine::Trap& trap) {
    note_refused_memory(invocation);
    const auto& record = invocation.function.record;
    const bool has_exited = trap.kind == engine::TrapKind::stopped && invocation.wasi && invocation.wasi->exit_code;
    if (has_exited) {
        if (auto explained = fault_in_host_code(invocation)) return Trapped{std::move(*explained)};
        return end_with(invocation, static_cast<int32_t>(*invocation.wasi->exit_code));
    }
    bool interrupted = trap.kind == engine::TrapKind::interrupted;
    uint64_t now_ns = interrupted ? monotonic_ns() : 0;
    bool over_cpu = interrupted && record.limits.cpu_ms < record.limits.timeout_ms && now_ns >= invocation.began_ns + record.limits.cpu_ms * 1'000'000;
    bool over_budget = interrupted && invocation.terms.place == Place::express && now_ns < invocation.terms.deadline_ns && !over_cpu;
    if (over_budget || trap.kind == engine::TrapKind::stopped || trap.kind == engine::TrapKind::wants_more) return Unfinished{std::move(invocation.opened), std::move(invocation.cold)};
    invocation.add_last_log(INLAY_LOG_ERROR, trap.message);
    if (interrupted) return Trapped{over_cpu ? over_cpu_error(record) : timed_out_error(record)};
    if (auto explained = invocation.explain_fault()) return Trapped{std::move(*explained)};
    return Trapped{Error{Errc::function_trapped, fmt::format("function {:?} trapped: {}{}", record.name, trap.reason, after_limit_met(invocation))}};
}

How conclude(Invocation& invocation, const engine::CallResult& result) {
    if (auto* trap = std::get_if<engine::Trap>(&result)) return judge(invocation, *trap);
    note_refused_memory(invocation);
    if (auto explained = fault_in_host_code(invocation)) return Trapped{std::move(*explained)};
    return end_with(invocation, std::get<int32_t>(result));
}

Outcome outcome_of(Invocation& invocation, How how) {
    Outcome outcome;
    outcome.how = std::move(how);
    // The guest's mappings are gone: what it wrote becomes final before anybody else sees it.
    for (const auto& pages : invocation.outputs)
        if (auto sealed = os::seal(pages->fd()); !sealed.ok() && std::holds_alternative<Completed>(outcome.how))
            outcome.how = Trapped{std::move(sealed).error()};
    if (!invocation.limit_name.empty()) invocation.add_last_log(INLAY_LOG_WARN, "met a limit: " + invocation.limit_met());
    outcome.cost = invocation.cost;
    outcome.log = std::move(invocation.log);
    outcome.spans = std::move(invocation.spans);
    if (!std::holds_alternative<Completed>(outcome.how)) outcome.log.invocation = invocation.id_text();
    if (!outcome.log.lines.empty()) {
        outcome.log.trace = invocation.terms.trace.text();
        outcome.log.function = invocation.function.record.name;
        outcome.log.invocation = invocation.id_text();
    }
    return outcome;
}

Error timed_out_error(const store::FunctionRecord& record) {
    return Error{Errc::function_timed_out, fmt::format("function {:?} ran for {} ms without an answer: give it less to do, or "
                                                       "deploy it with a longer --timeout",
                                                       record.name, record.limits.timeout_ms)};
}

Error over_cpu_error(const store::FunctionRecord& record) {
    return Error{Errc::function_timed_out, fmt::format("function {:?} used the processor for {} ms, its cpu_ms, without an answer: give it less to "
                                                       "do, or deploy it with a larger --limit cpu_ms=N",
                                                       record.name, record.limits.cpu_ms)};
}

}  // namespace inlay::run
