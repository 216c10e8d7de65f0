// Child processes: this program again, under another name and with chosen descriptors.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace inlay::os {

struct ProcessLimits {
    uint64_t cpu_seconds = 0;    // 0: unlimited.
    uint64_t address_bytes = 0;  // 0: unlimited.
    uint64_t own_bytes = 0;      // Of memory that it alone may write; 0: unlimited.
};

struct ChildPlan {
    std::vector<std::string> arguments;  // Without the program's name.
    std::vector<int> inherited;          // Open in the child under the same numbers; everything else is closed on exec.
    ProcessLimits limits;
    int output = -1;                     // What becomes its standard output and error; -1: ours.
    int errors = -1;                     // What becomes its standard error in place of `output`; -1: that.
    std::string directory;               // Where it begins; empty: where we are.
    bool own_group = false;              // It leads a group of processes, which terminals leave alone; its standard input is empty.
    int signal_at_our_end = 0;           // That it gets when the thread of ours that started it ends, in whatever way. 0: none.
};

// Starts this very program (/proc/self/exe: the running version, also after an upgrade on disk).
Result<pid_t> spawn_self(const ChildPlan& plan);

// Starts /bin/sh on a command line of its user's. `plan.arguments` are not for it.
Result<pid_t> spawn_shell(const std::string& command, const ChildPlan& plan);

struct Exit {
    pid_t pid = 0;
    int status = 0;    // Exit code, or the signal's number.
    bool signalled = false;

    std::string text() const;  // "exit code 3", "signal 9 (Killed)"
};

// A child that has ended and was not yet reported. Never waits.
std::optional<Exit> reap_child();
// Waits for this child.
Result<Exit> wait_for(pid_t pid);
// Waits for the child that ends next.
Result<Exit> wait_for_child();

// Of the standard descriptors those that are closed are open then, and neither read nor written: else they would be the next files that are opened.
void hold_standard_descriptors() noexcept;

void send_signal(pid_t pid, int signal_number) noexcept;
// To a child that leads a group, and to all in the group.
void send_signal_to_group(pid_t leader, int signal_number) noexcept;
// The name that ps and /proc/PID/comm show; at most 15 bytes.
void set_process_name(const char* name) noexcept;
void ignore_signal(int signal_number) noexcept;
// From now on this process gives way to others whenever there is not enough processor time (SCHED_BATCH, nice).
void give_way() noexcept;
// When there is no memory left at all, this process goes before those with a lower score (0 to 1000) that are not much larger.
void offer_to_oom_killer(int score) noexcept;
// Ends this process by SIGALRM at this time of the monotonic clock; 0: not any more. For what nobody else may be left to end.
void end_this_process_at(uint64_t deadline_ns) noexcept;
// A descriptor that stands for a child, also when its pid is another's already.
Result<Fd> open_process(pid_t pid);
// What a process has used of the processor; 0: it is gone.
uint64_t processor_ns_of(pid_t pid) noexcept;
// SIGKILL through such a descriptor; nothing happens when the process is gone.
void kill_process(int process) noexcept;
// Own name for logs: the pid.
int process_id() noexcept;
// Fills with random bytes from the kernel.
void fill_random(void* to, size_t size) noexcept;

}  // namespace inlay::os
