// MemoryGauge: how much memory is left to this process, in its machine and in the groups (cgroup v1 or v2) that it is in.
//
// Page cache that the kernel can take back counts as left; memory files do not.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace inlay::os {

struct MemoryLeft {
    uint64_t left_bytes = 0;   // Of where it is tightest: the machine, or one of the groups.
    uint64_t limit_bytes = 0;  // What there is in all there.
    uint64_t stalled_us = 0;   // How long somebody has waited for memory so far (PSI), in our group where it is told of that.
};

class MemoryGauge {
  public:
    // `root`: where proc and sys lie, for tests.
    explicit MemoryGauge(std::string root = "");

    // All zero: /proc tells nothing. Cost: some ten microseconds.
    MemoryLeft read() const;

  private:
    // One group's directory, and what its files are called.
    struct Group {
        std::string usage;
        std::string limit;
        std::string stat;
        const char* active_file;
        const char* inactive_file;
    };

    void add_group(const std::string& directory, bool unified);

    std::string root_;
    std::vector<Group> groups_;
    std::string pressure_;
};

}  // namespace inlay::os
