// FiberRun: an invocation whose guest waits in the middle for its client or for a disk, and is put off when it has run for a slice:
// a stream in a worker.
//
//     FiberRun run(function, request, supply, terms);
//     for (auto state = run.resume(); state != FiberRun::State::ended; state = run.resume()) { wait for what it says; }
//     Outcome outcome = run.finish();
//
// The guest's timeout counts what it runs, not what it waits, and begins anew with each piece that it takes and each part that it
// has sent; so does its processor time. A guest in a worker has Terms::fiber_memory of its own at most: bulk instructions over it cannot be interrupted.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "engine/fiber.hpp"
#include "run/conclusion.hpp"

namespace inlay::run {

class FiberRun {
  public:
    // All outlive it.
    FiberRun(const registry::Function& function, const Request& request, Supply& supply, const Terms& terms);
    FiberRun(const FiberRun&) = delete;
    FiberRun& operator=(const FiberRun&) = delete;

    enum class State {
        ended,
        waits,   // For what cold() says, else for its stream.
        yields,  // Its slice is over: it is somebody else's turn.
    };
    // Runs on, for kStreamSliceUs at most. Requires: it has not ended, and what it waited for is there, or will not come.
    // Requires: Watchdog started.
    State resume();

    // The content of a disk that it waits for.
    const std::optional<ColdRange>& cold() const { return invocation_.cold; }
    // It has used the processor for a whole slice, and more, without taking or giving anything.
    bool overran() const { return used_ns_ >= kStreamSliceUs * 1000; }
    // What it has used of the processor since the last call.
    uint64_t take_cpu_ns() { return std::exchange(untold_cpu_ns_, 0); }

    // Requires: it has ended.
    Outcome finish();

  private:
    bool has_lost_source() const;
    void account(uint64_t ran_ns, uint64_t used_ns);

    Invocation invocation_;
    std::optional<engine::Fiber> fiber_;
    How how_;
    uint64_t left_ns_;            // Of the guest's time, with this piece or part,
    uint64_t cpu_left_ns_;        // and of the processor's, with all of them: else one that only sends would never end.
    uint64_t exchanges_seen_ = 0;
    uint64_t ran_ns_ = 0;
    bool was_put_off_ = false;    // Its slice was over, the last time.
    uint64_t used_ns_ = 0;        // Of the processor, since it was put off with this piece or part.
    uint64_t untold_cpu_ns_ = 0;
};

}  // namespace inlay::run
