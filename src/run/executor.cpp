// instantiate -> run -> judge -> drop.
#include "run/executor.hpp"

#include <utility>

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
    if (terms.caller_interrupt_ns != 0) at_ns = std::min(at_ns, terms.caller_interrupt_ns);
    switch (terms.place) {
        case Place::express: return std::min(at_ns, begin_ns + kExpressBudgetUs * 1000);
        case Place::inline_:
        case Place::fiber: return at_ns;
        case Place::lane: return terms.tree ? at_ns : 0;  // A call can have less time than its caller, which goes on.
    }
    return at_ns;
}

// Bulk instructions over its own memory cannot be interrupted: in a worker it has little of that, and who wants more moves to a lane.
std::pair<uint64_t, engine::AtLimit> memory_for(const registry::Function& function, Place place) {
    constexpr uint64_t kInWorker = kExpressMemoryBytesMax + kExpressOutputBytesMax;  // Private windows count as its own, too.
    const uint64_t bytes = function.record.limits.memory_bytes;
    if (place != Place::express || bytes <= kInWorker) return {bytes, engine::AtLimit::refuse};
    return {kInWorker, engine::AtLimit::trap};
}

// Instantiates and runs the guest. `instance` is still alive afterwards: its pages may be looked at.
How run_guest(Invocation& invocation, engine::Instance& instance) {
    uint64_t begin_ns = monotonic_ns();
    invocation.began_ns = begin_ns;
    invocation.interrupt_ns = interrupt_at_ns(invocation, begin_ns);
    if (invocation.interrupt_ns != 0) engine::Watchdog::begin(invocation.interrupt_ns);
    invocation.memory = &instance.memory();
    invocation.instance = &instance;
    auto started = instance.start();
    uint64_t started_ns = monotonic_ns();
    invocation.cost.instantiate_us = microseconds_between(begin_ns, started_ns);
    const bool in_lane_perhaps = !started.ok() && invocation.terms.place == Place::express;  // There is more room.
    if (in_lane_perhaps) return Unfinished{std::move(invocation.opened), std::nullopt};
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
        auto [memory_bytes, at_limit] = memory_for(function, terms.place);
        engine::Instance instance(*function.program, memory_bytes, &invocation, at_limit);
        how = run_guest(invocation, instance);
        engine::Watchdog::end();
        for (size_t child : invocation.away) supply.drop_call(invocation.children[child].call.id);
        invocation.count_private_pages();
    }
    invocation.cost.cpu_ns = monotonic_ns() - invocation.began_ns - invocation.cost.callees_ns;
    return outcome_of(invocation, std::move(how));
}

}  // namespace inlay::run
