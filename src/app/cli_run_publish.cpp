// Writes beside, then renames.
#include "app/cli_run_publish.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "app/cli_content.hpp"
#include "os/file.hpp"
#include "os/process.hpp"

namespace inlay::cli {
namespace {

namespace fs = std::filesystem;

// Names are checked; but a key may have parts that no file can be called by.
Result<> check_key_as_path(const ObjectName& name) {
    bool has_empty_part = name.key.front() == '/' || name.key.back() == '/' || name.key.find("//") != name.key.npos;
    if (!has_empty_part) return {};
    return Error{Errc::bad_name, fmt::format("object {}: a part of the key is empty, and no file can be called so: publish it under "
                                             "another key",
                                             name.path())};
}

bool lies_below(const fs::path& path, const fs::path& directory) {
    return std::mismatch(directory.begin(), directory.end(), path.begin(), path.end()).first == directory.end() && path != directory;
}

fs::path temporary_beside(const fs::path& target) {
    uint64_t tag = 0;
    os::fill_random(&tag, sizeof tag);
    return target.parent_path() / fmt::format(".inlay-{:016x}", tag);
}

// Whether each link on the way to `key` is one that reading follows, too: it stays below the root. `last`: also one in the last place.
Result<> check_links(const fs::path& root, const ObjectName& name, bool last) {
    auto directory = os::open_directory_at(-1, fs::absolute(root).string());
    if (!directory.ok()) return {};  // It is made yet.
    fs::path place;
    const fs::path key(name.key);
    for (auto part = key.begin(); part != key.end(); ++part) {
        place /= *part;
        if (!last && std::next(part) == key.end()) break;
        std::error_code absent;
        if (!fs::is_symlink(fs::symlink_status(root / place, absent))) continue;
        INLAY_TRY(auto opened, os::open_beneath(directory->get(), place.string()));
        if (opened) continue;
        return Error{Errc::bad_name, fmt::format("object {}: a symbolic link leads out of {}, or to no file: nothing is written there", name.path(), root.string())};
    }
    return {};
}

// What is there, if it is a file that we may write to.
Result<std::optional<struct stat>> find_old(const fs::path& target) {
    struct stat old;
    if (::stat(target.c_str(), &old) != 0) return std::optional<struct stat>();
    if (!S_ISREG(old.st_mode)) return os_error("publish to " + target.string(), S_ISDIR(old.st_mode) ? EISDIR : EEXIST);
    if (::access(target.c_str(), W_OK) != 0) return os_error("publish to " + target.string());
    return std::optional(old);
}

// What the file is like that has got this name, where it is one of a directory: pages in memory have no name.
std::optional<struct stat> status_of(const os::Pages* like) {
    struct stat found;
    if (!like || ::fstat(like->fd(), &found) != 0 || !S_ISREG(found.st_mode) || found.st_nlink == 0) return std::nullopt;
    return found;
}

// What is replaced, or gets another name, keeps its mode, and its owner where we may give it.
Result<> take_over(int temporary, const struct stat& old) {
    const bool is_ours = old.st_uid == ::geteuid() && old.st_gid == ::getegid();
    if (!is_ours) (void)!::fchown(temporary, old.st_uid, old.st_gid);
    if (::fchmod(temporary, old.st_mode & 0777) != 0) return os_error("set a file's mode");
    return {};
}

Result<uint64_t> fill(int to, const registry::Effect& effect) {
    if (effect.kind == registry::ContentKind::pages) return os::write_pages(to, {effect.fd, 0, effect.length});
    INLAY_TRY_VOID(os::write_all(to, effect.inline_bytes));  // COPY: small content, counted when it was gathered.
    return 0;
}

}  // namespace

Publication::~Publication() {
    std::error_code ignored;
    for (const auto& file : staged_)
        if (!file.temporary.empty()) fs::remove(file.temporary, ignored);
}

fs::path Publication::root_of(const std::string& bucket) const {
    auto found = buckets_.find(bucket);
    return found == buckets_.end() ? directory_ / bucket : found->second;
}

bool Publication::is_file_and_directory(const fs::path& target) const {
    for (auto above = target.parent_path(); above != above.parent_path(); above = above.parent_path())
        if (targets_.contains(above)) return true;
    const auto next = targets_.upper_bound(target);  // In this order whatever lies below comes at once.
    return next != targets_.end() && lies_below(*next, target);
}

// Errors: of what can be foreseen.
Result<> Publication::add_removal(fs::path target) {
    std::error_code absent;
    const bool is_directory = fs::is_directory(fs::symlink_status(target, absent));
    if (is_directory || ::access(target.parent_path().c_str(), W_OK | X_OK) != 0) return os_error("remove " + target.string(), is_directory ? EISDIR : errno);
    staged_.push_back({{}, std::move(target)});
    return {};
}

Result<uint64_t> Publication::add(const registry::Effect& effect, const os::Pages* like) {
    INLAY_TRY_VOID(check_key_as_path(effect.name));
    INLAY_TRY_VOID(check_links(root_of(effect.name.bucket), effect.name, !effect.is_delete));
    auto target = file_of(effect.name);
    std::error_code error;
    if (effect.is_delete) {
        INLAY_TRY_VOID(add_removal(std::move(target)));
        return uint64_t{0};
    }
    if (fs::is_symlink(fs::symlink_status(target, error))) target = fs::canonical(target, error);
    fs::create_directories(target.parent_path(), error);
    if (error) return os_error("make directory " + target.parent_path().string(), error.value());
    if (is_file_and_directory(target)) return os_error("publish to " + target.string(), EISDIR);
    INLAY_TRY(auto old, find_old(target));
    if (auto was = status_of(like)) old = was;
    auto temporary = temporary_beside(target);
    File file(std::fopen(temporary.c_str(), "wbxe"));
    if (!file) return os_error("create " + temporary.string());
    targets_.insert(target);
    staged_.push_back({std::move(temporary), std::move(target)});
    if (old) INLAY_TRY_VOID(take_over(::fileno(file.get()), *old));
    return fill(::fileno(file.get()), effect);
}

Result<> Publication::finish() {
    for (const auto& file : staged_) {
        std::error_code error;
        if (file.temporary.empty())
            fs::remove(file.target, error);
        else
            fs::rename(file.temporary, file.target, error);
        if (error) return os_error("rename to, or remove, " + file.target.string(), error.value());
    }
    staged_.clear();
    targets_.clear();
    return {};
}

}  // namespace inlay::cli
