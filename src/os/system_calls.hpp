// The system calls that a process in a sandbox has.
#pragma once

#include <cstddef>

#include "base/result.hpp"
#include "os/sandbox.hpp"

namespace inlay::os {

// False in builds with sanitizers, which need other calls.
bool filters_system_calls() noexcept;

// From now on, for this thread and those that it makes: any call that is not in its list ends the process with SIGSYS; those that libraries
// make in passing are refused with an error. How many are allowed. 0: none is filtered.
// Requires: no_new_privs. Errors: internal: the kernel has no seccomp.
Result<size_t> filter_system_calls(SandboxKind kind);

}  // namespace inlay::os
