// instantiate -> run -> judge -> drop.
#include "run/executor.hpp"

#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "engine/watchdog.hpp"
#include "os/memfd.hpp"
#include "run/host_api.hpp"

namespace inlay::run {
namespace {

using How = decltype(Outcome::how);

uint64_t microseconds_between(uint64_t from_ns, uint64_t to_ns) { return (to_ns - from_ns) / 1000; }

// How a trap is reported to the client; the engine's own account goes to the function's log.
How judge(Invocation& invocation, const engine::Trap& trap) {
    const auto& record = invocation.function.record;
    bool interrupted = trap.kind == engine::TrapKind::interrupted;
    bool over_budget = interrupted && invocation.terms.place == Place::express && monotonic_ns() < invocation.terms.deadline_ns;
    if (over_budget || trap.kind == engine::TrapKind::stopped) return Unfinished{std::move(invocation.opened), std::move(invocation.cold)};
    invocation.add_last_log(trap.message);
    if (interrupted) return Trapped{timed_out_error(record)};
    if (auto explained = invocation.explain(os::FaultGuard::last_fault())) return Trapped{std::move(*explained)};
    return Trapped{Error{Errc::function_trapped, fmt::format("function {:?} trapped: {}", record.name, trap.reason)}};
}

// By when the guest is interrupted from inside; 0: not at all.
uint64_t interrupt_at_ns(const Terms& terms, uint64_t begin_ns) {
    switch (terms.place) {
        case Place::express: return std::min(begin_ns + kExpressBudgetUs * 1000, terms.deadline_ns);
        case Place::inline_: return terms.deadline_ns;
        case Place::lane: return 0;
    }
    return terms.deadline_ns;
}

How conclude(Invocation& invocation, engine::CallResult& result) {
    if (auto* trap = std::get_if<engine::Trap>(&result)) return judge(invocation, *trap);
    // Host code that ran into a window was let go on over scratch pages: whatever came of it is void.
    auto fault = os::FaultGuard::last_fault();
    if (fault.in_host_code)
        if (auto explained = invocation.explain(fault)) return Trapped{std::move(*explained)};
    int32_t code = std::get<int32_t>(result);
    if (code != 0) return Failed{code};
    return Completed{std::move(invocation.response), std::move(invocation.effects)};
}

// Instantiates and runs the guest. `instance` is still alive afterwards: its pages may be looked at.
How run_guest(Invocation& invocation, engine::Instance& instance) {
    uint64_t begin_ns = monotonic_ns();
    invocation.began_ns = begin_ns;
    if (uint64_t at_ns = interrupt_at_ns(invocation.terms, begin_ns)) engine::Watchdog::begin(at_ns);
    invocation.memory = &instance.memory();
    auto started = instance.start();
    uint64_t started_ns = monotonic_ns();
    invocation.cost.instantiate_us = microseconds_between(begin_ns, started_ns);
    if (!started.ok()) return Refused{std::move(started).error()};
    if (started->has_value()) return judge(invocation, **started);
    auto result = instance.call_handle();
    engine::Watchdog::end();
    invocation.cost.run_us = microseconds_between(started_ns, monotonic_ns());
    return conclude(invocation, result);
}

}  // namespace

Error timed_out_error(const store::FunctionRecord& record) {
    return Error{Errc::function_timed_out, fmt::format("function {:?} ran for {} ms without an answer: give it less to do, or "
                                                       "deploy it with a longer --timeout",
                                                       record.name, record.timeout_ms)};
}

Outcome execute(const registry::Function& function, const Request& request, Supply& supply, const Terms& terms) {
    Invocation invocation(function, request, supply, terms);
    invocation.cost.copied.body_head = request.body.copied;
    Outcome outcome;
    {
        engine::Instance instance(*function.program, function.record.memory_bytes, &invocation);
        outcome.how = run_guest(invocation, instance);
        engine::Watchdog::end();
        if (request.count_private && instance.memory().attached())
            invocation.cost.private_bytes = instance.memory().private_pages() * os::page_size();
    }
    // The guest's mappings are gone: what it wrote becomes final before anybody else sees it.
    for (const auto& pages : invocation.outputs)
        if (auto sealed = os::seal(pages->fd()); !sealed.ok() && std::holds_alternative<Completed>(outcome.how))
            outcome.how = Trapped{std::move(sealed).error()};
    outcome.cost = invocation.cost;
    outcome.log = std::move(invocation.log);
    if (!outcome.log.lines.empty()) {
        outcome.log.function = function.record.name;
        outcome.log.invocation = invocation.id_text();
    }
    return outcome;
}

}  // namespace inlay::run
