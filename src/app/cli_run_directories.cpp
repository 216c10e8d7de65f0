// Opens below, lists below.
#include "app/cli_run_directories.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/cli_failure.hpp"
#include "base/limits.hpp"
#include "os/file.hpp"

namespace inlay::cli {
namespace fs = std::filesystem;

namespace {

// Whether what a link leads to is below the directory, too.
bool leads_to_file(const os::Fd& directory, const std::string& key) {
    auto opened = os::open_beneath(directory.get(), key);
    return opened.ok() && opened->has_value();
}

}  // namespace

std::string GivenDirectories::add(const std::string& pair) {
    constexpr auto kForm = "Write it as --dir NAME=PATH, or NAME=PATH:ro to read only";
    const size_t equals = pair.find('=');
    if (equals == pair.npos || equals == 0) throw wrong_use(fmt::format("--dir {}: the name or the = is missing", pair), kForm);
    std::string path = pair.substr(equals + 1);
    const bool is_read_only = path.ends_with(":ro");
    if (is_read_only) path.resize(path.size() - 3);
    if (path.ends_with(":w")) path.resize(path.size() - 2);  // As a deploy says it.
    auto directory = os::open_directory_at(-1, fs::absolute(path).string());
    if (!directory.ok()) throw wrong_use(fmt::format("--dir {}: {}", pair, directory.error().detail), "Name a directory that is there");
    const auto canonical = fs::canonical(path);
    const auto known = std::find_if(roots_.begin(), roots_.end(), [&](const auto& one) { return one.second.path == canonical; });
    std::string bucket = known != roots_.end() ? known->first : fmt::format("directory-{}", roots_.size());
    roots_.emplace(bucket, Root{canonical, std::move(directory).value()});  // One directory is one bucket, also under two names.
    return pair.substr(0, equals) + "=" + bucket + (is_read_only ? "" : ":w");
}

Result<std::optional<os::Fd>> GivenDirectories::open(const ObjectName& name) const {
    return os::open_beneath(roots_.at(name.bucket).directory.get(), name.key);
}

Result<run::KeyPage> GivenDirectories::list(const std::string& bucket, const std::string& prefix) const {
    const auto& root = roots_.at(bucket);
    run::KeyPage page;
    INLAY_TRY(auto beneath, os::open_beneath(root.directory.get(), prefix.empty() ? "." : prefix));
    if (!beneath) return page;
    std::error_code error;
    const auto begin = root.path / prefix;
    if (!prefix.empty()) page.keys.push_back(prefix);
    for (fs::directory_iterator walk(begin, fs::directory_options::skip_permission_denied, error), end; !error && walk != end; walk.increment(error)) {
        std::error_code gone;  // What vanishes meanwhile is not there.
        const bool is_link = walk->is_symlink(gone), is_directory = walk->is_directory(gone) && !is_link;
        if (!is_directory && !walk->is_regular_file(gone)) continue;
        auto key = walk->path().lexically_relative(root.path).string();
        if (is_link && !leads_to_file(root.directory, key)) continue;
        if (check_key(key).ok()) page.keys.push_back(is_directory ? key + "/" : key);
        if (page.keys.size() > kWasiKeysMax)
            return Error{Errc::overloaded, fmt::format("directory {} holds more than {} files", root.path.string(), kWasiKeysMax)};
    }
    if (error) return os_error("list " + begin.string(), error.value());
    std::sort(page.keys.begin(), page.keys.end());
    return page;
}

std::map<std::string, fs::path> GivenDirectories::paths() const {
    std::map<std::string, fs::path> paths;
    for (const auto& [bucket, root] : roots_) paths.emplace(bucket, root.path);
    return paths;
}

}  // namespace inlay::cli
