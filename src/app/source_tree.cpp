// Walks a directory and compares.
#include "app/source_tree.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>

namespace inlay::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLeftOut[] = {"inlay-sdk", "node_modules", "target", "__pycache__", "Cargo.lock", "package-lock.json"};

}  // namespace

bool SourceTree::is_left_out(const std::string& name, const std::string& path) const {
    return name.front() == '.' || name.front() == '#' || name.back() == '~' || path == made_ ||
           std::find(std::begin(kLeftOut), std::end(kLeftOut), name) != std::end(kLeftOut);
}

void SourceTree::add_directory(const std::string& below, size_t depth, const std::function<void(const std::string&)>& enter) {
    const auto place = below.empty() ? root_ : root_ + "/" + below;
    enter(place);
    std::set<std::string> names;
    std::error_code error;
    const auto beginning = below.empty() ? std::string() : below + "/";
    for (fs::directory_iterator at(place, error), end; !error && at != end; at.increment(error)) {
        auto name = at->path().filename().string();
        if (!is_left_out(name, beginning + name)) names.insert(std::move(name));
        if (names.size() <= kSourceFilesMax) continue;
        cut_ = true;
        names.erase(std::prev(names.end()));
    }
    for (const auto& name : names) {
        const auto path = beginning + name;
        // What goes meanwhile is not there.
        const auto linked = fs::symlink_status(root_ + "/" + path, error);
        if (error) continue;
        if (fs::is_directory(linked)) {
            if (depth < kSourceDepthMax) add_directory(path, depth + 1, enter);
            continue;
        }
        const auto modified = fs::last_write_time(root_ + "/" + path, error);
        if (error || !fs::is_regular_file(root_ + "/" + path, error)) continue;
        if (stamps_.size() == kSourceFilesMax) {
            cut_ = true;
            return;
        }
        const auto size_bytes = fs::file_size(root_ + "/" + path, error);
        if (!error) stamps_[path] = {static_cast<int64_t>(modified.time_since_epoch().count()), size_bytes};
    }
}

std::vector<std::string> SourceTree::look(const std::function<void(const std::string&)>& enter) {
    const auto before = std::exchange(stamps_, {});
    cut_ = false;
    add_directory("", 0, enter);
    std::vector<std::string> changed;
    for (const auto& [path, stamp] : stamps_) {
        auto known = before.find(path);
        if (known == before.end() || known->second != stamp) changed.push_back(path);
    }
    for (const auto& [path, stamp] : before)
        if (!stamps_.contains(path)) changed.push_back(path);
    std::sort(changed.begin(), changed.end());
    return changed;
}

}  // namespace inlay::cli
