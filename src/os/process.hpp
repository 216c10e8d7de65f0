// Child processes: this program again, under another name and with chosen descriptors.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace inlay::os {

struct ProcessLimits {
    uint64_t cpu_seconds = 0;    // 0: unlimited.
    uint64_t address_bytes = 0;  // 0: unlimited.
};

struct ChildPlan {
    std::vector<std::string> arguments;  // Without the program's name.
    std::vector<int> inherited;          // Open in the child under the same numbers; everything else is closed on exec.
    ProcessLimits limits;
};

// Starts this very program (/proc/self/exe: the running version, also after an upgrade on disk).
Result<pid_t> spawn_self(const ChildPlan& plan);

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

void send_signal(pid_t pid, int signal_number) noexcept;
// The name that ps and /proc/PID/comm show; at most 15 bytes.
void set_process_name(const char* name) noexcept;
void ignore_signal(int signal_number) noexcept;
// Own name for logs: the pid.
int process_id() noexcept;
// Processors this process may run on.
size_t usable_processors() noexcept;
uint64_t physical_memory_bytes() noexcept;
// Fills with random bytes from the kernel.
void fill_random(void* to, size_t size) noexcept;

}  // namespace inlay::os
