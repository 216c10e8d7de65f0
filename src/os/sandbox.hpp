// Sandbox: what a process of ours gives up for good before it touches anything that a stranger has made.
//
// What stays is computing, memory, and the descriptors that it has or is sent. Each wall stands by itself, so that a hole in one is
// not a hole in all:
//  1. A user of its own, where we were started as root: no file and no process of others is its business. Of root's capabilities
//     one stays with guests, CAP_FOWNER: without it mincore(2) says of others' files that all of them is in memory,
//     and cachestat(2) nothing.
//  2. Limits: no core dumps, no processes; not dumpable: nobody of the same user looks into it.
//  3. Landlock (landlock(7)), where the kernel has it: no path can be opened, no TCP port bound or connected to.
//  4. seccomp(2): the system calls in os/system_calls.cpp; any other ends the process, some are refused.
//
// An engine that was hacked from inside can then lie in what it answers, and no more.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace inlay::os {

enum class SandboxKind { worker, lane, compiler };

struct SandboxPlan {
    SandboxKind kind = SandboxKind::worker;
    uint32_t user = 0;  // And group, from now on. 0: whoever we are.
};

// Which of the walls stand.
struct SandboxReport {
    uint32_t user = 0;            // 0: that of whoever started it.
    int landlock = 0;             // The version of its interface; 0: the kernel has none.
    size_t system_calls = 0;      // That are allowed; 0: not filtered, in builds with sanitizers alone.

    std::string text() const;     // "user 60578, Landlock 7, 71 system calls"
};

// Requires: one thread. Errors: internal; the process then has an unknown part of its walls, and must end.
Result<SandboxReport> enter_sandbox(const SandboxPlan& plan);

// The same in a child that ends at once: what a sandbox would be here.
Result<SandboxReport> try_sandbox(const SandboxPlan& plan);

// How a parent tells a child of it, in one argument: "none", or the number of its user.
std::string sandbox_word(std::optional<uint32_t> user);
std::optional<uint32_t> user_of_word(std::string_view word);

// True where a process may become another user: root's.
bool may_change_user() noexcept;

}  // namespace inlay::os
