// Reads /proc/self/cgroup.
#include "os/control_groups.hpp"

#include <fstream>
#include <sstream>

namespace inlay::os {
namespace {

// "ID:CONTROLLERS:PATH"; of version 2 without controllers.
void add_groups(const std::string& line, std::string_view controller, const std::string& root, std::vector<ControlGroup>& groups) {
    size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) return;
    std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",", path = line.substr(second + 1);
    const std::string name(controller);
    bool unified = controllers == ",,";
    if (!unified && controllers.find("," + name + ",") == controllers.npos) return;
    std::string base = root + "/sys/fs/cgroup" + (unified ? "" : "/" + name);
    for (;; path.resize(path.find_last_of('/'))) {
        while (path.ends_with('/')) path.pop_back();
        groups.push_back({base + path, unified});
        if (path.find('/') == path.npos) return;
    }
}

}  // namespace

std::vector<ControlGroup> groups_of(std::string_view controller, const std::string& root) {
    std::vector<ControlGroup> groups;
    std::ifstream file(root + "/proc/self/cgroup");
    std::string line;
    while (std::getline(file, line)) add_groups(line, controller, root, groups);
    return groups;
}

std::optional<uint64_t> number_in(const std::string& path) {
    std::ifstream file(path);
    int64_t number = 0;
    if (!(file >> number) || number < 0) return std::nullopt;
    return static_cast<uint64_t>(number);
}

std::optional<uint64_t> number_after(const std::string& path, std::string_view word) {
    std::ifstream file(path);
    std::string line;
    while (std::getline(file, line)) {
        std::istringstream fields(line);
        std::string first;
        uint64_t number = 0;
        if (fields >> first >> number && first == word) return number;
    }
    return std::nullopt;
}

}  // namespace inlay::os
