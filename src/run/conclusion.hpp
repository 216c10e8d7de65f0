// Conclusion: what becomes of an invocation whose guest has ended.
#pragma once

#include "engine/instance.hpp"
#include "run/invocation.hpp"
#include "run/outcome.hpp"

namespace inlay::run {

using How = decltype(Outcome::how);

// A guest's own memory.grow asks nobody here: that it was refused is seen at the end.
void note_refused_memory(Invocation& invocation);
// What a trap's message ends in where the guest had met a limit before; else nothing.
std::string after_limit_met(const Invocation& invocation);

// What the guest's trap means for its client; the engine's own account goes to the function's log.
How judge(Invocation& invocation, const engine::Trap& trap);
// What the return or the trap of inlay_handle means.
How conclude(Invocation& invocation, const engine::CallResult& result);

// The invocation's outcome: what the guest wrote is final. Requires: its instance is gone.
Outcome outcome_of(Invocation& invocation, How how);

// What a client hears of a function that ran past its deadline, or used the processor for too long.
Error timed_out_error(const store::FunctionRecord& record);
Error over_cpu_error(const store::FunctionRecord& record);

}  // namespace inlay::run
