// instantiate -> run -> judge -> drop.
#include "run/executor.hpp"

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "engine/watchdog.hpp"
#include "run/conclusion.hpp"

namespace inlay::run {
namespace {

uint64_t microseconds_between(uint64_t from_ns, uint64_t to_ns) { return (to_ns - from_ns) / 1000; }

// By when the guest is interrupted from inside; 0: not at all. In a worker the thread is all its own meanwhile: the time that passes is
// the most that it can have used of the processor.
uint64_t interrupt_at_ns(const Invocation& invocation, uint64_t begin_ns) {
    const auto& terms = invocation.terms;
    uint64_t at_ns = std::min(terms.deadline_ns, begin_ns + invocation.function.record.limits.cpu_ms * 1'000'000);
    switch (terms.place) {
        case Place::express: return std::min(at_ns, begin_ns + kExpressBudgetUs * 1000);
        case Place::inline_:
        case Place::fiber: return at_ns;
        case Place::lane: return 0;
    }
    return at_ns;
}

// Instantiates and runs the guest. `instance` is still alive afterwards: its pages may be looked at.
How run_guest(Invocation& invocation, engine::Instance& instance) {
    uint64_t begin_ns = monotonic_ns();
    invocation.began_ns = begin_ns;
    if (uint64_t at_ns = interrupt_at_ns(invocation, begin_ns)) engine::Watchdog::begin(at_ns);
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

Outcome execute(const registry::Function& function, const Request& request, Supply& supply, const Terms& terms) {
    Invocation invocation(function, request, supply, terms);
    How how;
    {
        engine::Instance instance(*function.program, function.record.limits.memory_bytes, &invocation);
        how = run_guest(invocation, instance);
        engine::Watchdog::end();
        invocation.count_private_pages();
    }
    invocation.cost.cpu_ns = monotonic_ns() - invocation.began_ns;
    return outcome_of(invocation, std::move(how));
}

}  // namespace inlay::run
