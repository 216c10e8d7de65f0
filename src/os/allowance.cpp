// The least of what the machine and each group allow.
#include "os/allowance.hpp"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <optional>

#include "base/limits.hpp"
#include "os/control_groups.hpp"
#include "os/mapping.hpp"

namespace inlay::os {
namespace {

uint64_t physical_memory_bytes(const std::string& root) {
    if (auto total = number_after(root + "/proc/meminfo", "MemTotal:")) return *total * KiB;
    return static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) * page_size();
}

size_t processors_to_run_on() {
    cpu_set_t set;
    if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    return static_cast<size_t>(std::max(CPU_COUNT(&set), 1));
}

// Processor time for each period of time, rounded up; nullopt: as much as one likes.
std::optional<size_t> quota_of(const ControlGroup& group) {
    uint64_t quota = 0, period = 0;
    if (group.unified) {
        std::ifstream file(group.directory + "/cpu.max");  // "QUOTA PERIOD", or "max PERIOD"
        file >> quota >> period;
    } else {
        quota = number_in(group.directory + "/cpu.cfs_quota_us").value_or(0);
        period = number_in(group.directory + "/cpu.cfs_period_us").value_or(0);
    }
    if (quota == 0 || period == 0) return std::nullopt;
    return (quota - 1) / period + 1;
}

}  // namespace

uint64_t usable_memory_bytes(const std::string& root) {
    uint64_t least = physical_memory_bytes(root);
    for (const auto& group : groups_of("memory", root)) {
        auto limit = number_in(group.directory + (group.unified ? "/memory.max" : "/memory.limit_in_bytes"));
        if (limit && *limit > 0) least = std::min(least, *limit);
    }
    return least;
}

size_t usable_processors(const std::string& root) {
    size_t least = processors_to_run_on();
    for (const auto& group : groups_of("cpu", root))
        if (auto quota = quota_of(group)) least = std::min(least, *quota);
    return least;
}

}  // namespace inlay::os
