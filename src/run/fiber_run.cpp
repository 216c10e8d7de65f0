// Slices and their accounts.
#include "run/fiber_run.hpp"

#include <algorithm>
#include <utility>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "engine/watchdog.hpp"

namespace inlay::run {
namespace {

constexpr uint64_t kSliceNs = kStreamSliceUs * 1000;

}  // namespace

FiberRun::FiberRun(const registry::Function& function, const Request& request, Supply& supply, const Terms& terms)
    : invocation_(function, request, supply, terms), left_ns_(function.record.limits.timeout_ms * 1'000'000),
      cpu_left_ns_(function.record.limits.cpu_ms * 1'000'000) {
    fiber_.emplace(*function.program, std::min(function.record.limits.memory_bytes, terms.fiber_memory), &invocation_);
    invocation_.memory = &fiber_->memory();
}

// What a linked file holds from now on is not what the guest has begun to read.
bool FiberRun::has_lost_source() const {
    return std::any_of(invocation_.sources.begin(), invocation_.sources.end(),
                       [](const Source& source) { return source.pages && source.pages->lost(); });
}

FiberRun::State FiberRun::resume() {
    if (has_lost_source()) {
        how_ = Trapped{registry::changed_error()};
        return State::ended;
    }
    uint64_t begin_ns = monotonic_ns(), ran_ns = 0;
    if (invocation_.began_ns == 0) invocation_.began_ns = begin_ns;
    uint64_t slice_ns = std::min({kSliceNs, left_ns_, cpu_left_ns_}), used_before_ns = processor_ns();
    invocation_.waits = false;
    std::optional<Result<engine::CallResult>> ended;
    do {
        engine::Watchdog::begin(begin_ns + slice_ns);
        ended = fiber_->resume();
        engine::Watchdog::end();
        ran_ns = monotonic_ns() - begin_ns;
    } while (!ended && !invocation_.waits && ran_ns < slice_ns);  // The interrupt was meant for another, earlier.
    account(ran_ns, processor_ns() - used_before_ns);
    was_put_off_ = !ended && !invocation_.waits;
    if (ended) {
        if (ended->ok())
            how_ = conclude(invocation_, **ended);
        else
            how_ = Refused{std::move(*ended).error()};
        return State::ended;
    }
    if (invocation_.waits) return State::waits;
    if (left_ns_ > 0 && cpu_left_ns_ > 0) return State::yields;
    how_ = Trapped{left_ns_ > 0 ? over_cpu_error(invocation_.function.record) : timed_out_error(invocation_.function.record)};
    return State::ended;
}

void FiberRun::account(uint64_t ran_ns, uint64_t used_ns) {
    ran_ns_ += ran_ns;
    untold_cpu_ns_ += used_ns;
    const auto& limits = invocation_.limits();
    bool has_moved = std::exchange(exchanges_seen_, invocation_.exchanges) != invocation_.exchanges;
    if (has_moved) used_ns_ = 0, was_put_off_ = false;
    if (was_put_off_) used_ns_ += used_ns;
    left_ns_ = has_moved ? limits.timeout_ms * 1'000'000 : left_ns_ - std::min(left_ns_, ran_ns);
    cpu_left_ns_ -= std::min(cpu_left_ns_, used_ns);
}

Outcome FiberRun::finish() {
    invocation_.count_private_pages();
    fiber_.reset();
    invocation_.memory = nullptr;
    invocation_.cost.run_us = ran_ns_ / 1000;
    return outcome_of(invocation_, std::move(how_));
}

}  // namespace inlay::run
