// The control groups (cgroup v1 or v2) that this process is in, and the numbers in their files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace inlay::os {

struct ControlGroup {
    std::string directory;
    bool unified = false;  // Of version 2, whose files have other names.
};

// Our own group under a controller ("memory", "cpu"), then those above it: the limits of all of them hold. Empty: there is none to be seen.
// `root`: where proc and sys lie, for tests.
std::vector<ControlGroup> groups_of(std::string_view controller, const std::string& root = "");

// The first number of a file; nullopt where there is none ("max", "-1", no file).
std::optional<uint64_t> number_in(const std::string& path);
// The number behind a word at the beginning of a line.
std::optional<uint64_t> number_after(const std::string& path, std::string_view word);

}  // namespace inlay::os
