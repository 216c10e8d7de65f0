// Reads /proc/meminfo, /proc/pressure/memory and the files of our own groups and all above them.
#include "os/memory_gauge.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/limits.hpp"

namespace inlay::os {
namespace {

bool is_there(const std::string& path) { return std::ifstream(path).good(); }

// The first number of a file; `otherwise` where there is none ("max").
uint64_t number_in(const std::string& path, uint64_t otherwise) {
    std::ifstream file(path);
    uint64_t number = 0;
    return file >> number ? number : otherwise;
}

// The number behind a word at the beginning of a line.
uint64_t number_after(const std::string& path, std::string_view word) {
    std::ifstream file(path);
    std::string line;
    while (std::getline(file, line)) {
        std::istringstream fields(line);
        std::string first;
        uint64_t number = 0;
        if (fields >> first >> number && first == word) return number;
    }
    return 0;
}

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
    std::ifstream groups(root_ + "/proc/self/cgroup");
    std::string line;
    while (std::getline(groups, line)) add_groups(line);
}

// "ID:CONTROLLERS:PATH"; of version 2 without controllers.
void MemoryGauge::add_groups(const std::string& line) {
    size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) return;
    std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",", path = line.substr(second + 1);
    bool unified = controllers == ",,";
    if (!unified && controllers.find(",memory,") == controllers.npos) return;
    std::string base = root_ + (unified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory");
    for (;; path.resize(path.find_last_of('/'))) {
        while (path.ends_with('/')) path.pop_back();
        add_group(base + path, unified);
        if (path.empty()) return;
    }
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
    MemoryLeft tightest{number_after(meminfo, "MemAvailable:") * KiB, number_after(meminfo, "MemTotal:") * KiB, stalled_us_in(pressure_)};
    const uint64_t machine_bytes = tightest.limit_bytes;
    for (const auto& group : groups_) {
        uint64_t limit = number_in(group.limit, UINT64_MAX);
        if (limit >= machine_bytes) continue;  // Is none.
        uint64_t cache = number_after(group.stat, group.active_file) + number_after(group.stat, group.inactive_file);
        uint64_t usage = number_in(group.usage, 0);
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
