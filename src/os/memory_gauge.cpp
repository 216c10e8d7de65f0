// Reads /proc/meminfo, /proc/pressure/memory and the files of our own groups and all above them.
#include "os/memory_gauge.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "base/limits.hpp"
#include "os/control_groups.hpp"

namespace inlay::os {
namespace {

bool is_there(const std::string& path) { return std::ifstream(path).good(); }

// "some avg10=0.00 avg60=0.00 avg300=0.00 total=4141546"
uint64_t stalled_us_in(const std::string& path) {
    std::ifstream file(path);
    std::string word;
    while (file >> word)
        if (word.starts_with("total=")) return std::strtoull(word.c_str() + 6, nullptr, 10);
    return 0;
}

}  // namespace

MemoryGauge::MemoryGauge(std::string root) : root_(std::move(root)), pressure_(root_ + "/proc/pressure/memory") {
    for (const auto& group : groups_of("memory", root_)) add_group(group.directory, group.unified);
}

void MemoryGauge::add_group(const std::string& directory, bool unified) {
    Group group = unified ? Group{directory + "/memory.current", directory + "/memory.max", directory + "/memory.stat", "active_file", "inactive_file"}
                          : Group{directory + "/memory.usage_in_bytes", directory + "/memory.limit_in_bytes", directory + "/memory.stat",
                                  "total_active_file", "total_inactive_file"};
    if (!is_there(group.usage) || !is_there(group.limit)) return;
    if (groups_.empty() && unified && is_there(directory + "/memory.pressure")) pressure_ = directory + "/memory.pressure";
    groups_.push_back(std::move(group));
}

MemoryLeft MemoryGauge::read() const {
    std::string meminfo = root_ + "/proc/meminfo";
    MemoryLeft tightest{number_after(meminfo, "MemAvailable:").value_or(0) * KiB, number_after(meminfo, "MemTotal:").value_or(0) * KiB, stalled_us_in(pressure_)};
    const uint64_t machine_bytes = tightest.limit_bytes;
    for (const auto& group : groups_) {
        uint64_t limit = number_in(group.limit).value_or(UINT64_MAX);
        if (limit >= machine_bytes) continue;  // Is none.
        uint64_t cache = number_after(group.stat, group.active_file).value_or(0) + number_after(group.stat, group.inactive_file).value_or(0);
        uint64_t usage = number_in(group.usage).value_or(0);
        uint64_t held = usage - std::min(cache, usage);
        uint64_t left = limit - std::min(held, limit);
        // Compared as shares: which one is nearest to its end.
        if (static_cast<double>(left) / static_cast<double>(limit) <
            static_cast<double>(tightest.left_bytes) / static_cast<double>(tightest.limit_bytes))
            tightest = {left, limit, tightest.stalled_us};
    }
    return tightest;
}

}  // namespace inlay::os
