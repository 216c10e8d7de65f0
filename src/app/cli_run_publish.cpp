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

constexpr unsigned kLinksMax = 40;  // As Linux follows them.

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

// Where a write to `target` goes: through a link in its last place, or several.
fs::path followed(fs::path target, std::error_code& error) {
    for (unsigned links = 0; links < kLinksMax; links++) {
        if (!fs::is_symlink(fs::symlink_status(target, error))) {
            error.clear();
            return target;
        }
        const auto next = target.parent_path() / fs::read_symlink(target, error);
        target = fs::weakly_canonical(next.parent_path(), error) / next.filename();
    }
    error = std::make_error_code(std::errc::too_many_symbolic_link_levels);
    return target;
}

// What is there, if it is a file that we may write to.
Result<std::optional<struct stat>> find_old(const fs::path& target) {
    struct stat old;
    if (::stat(target.c_str(), &old) != 0) return std::optional<struct stat>();
    if (!S_ISREG(old.st_mode)) return os_error("publish to " + target.string(), S_ISDIR(old.st_mode) ? EISDIR : EEXIST);
    if (::access(target.c_str(), W_OK) != 0) return os_error("publish to " + target.string());
    return std::optional(old);
}

// What is replaced keeps its mode, and its owner where we may give it: as if it had been written to.
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

Result<uint64_t> Publication::add(const registry::Effect& effect) {
    INLAY_TRY_VOID(check_key_as_path(effect.name));
    std::error_code error;
    auto target = file_of(effect.name);
    if (!effect.is_delete) target = followed(std::move(target), error);
    if (error) return os_error("publish to " + target.string(), error.value());
    const auto parent = fs::weakly_canonical(target.parent_path(), error), root = fs::weakly_canonical(root_of(effect.name.bucket), error);
    if (std::mismatch(root.begin(), root.end(), parent.begin(), parent.end()).first != root.end())
        return Error{Errc::bad_name, fmt::format("object {}: a symbolic link leads out of {}: nothing is written there", effect.name.path(), root.string())};
    if (effect.is_delete) {
        staged_.push_back({{}, std::move(target)});
        return uint64_t{0};
    }
    fs::create_directories(target.parent_path(), error);
    if (error) return os_error("make directory " + target.parent_path().string(), error.value());
    if (is_file_and_directory(target)) return os_error("publish to " + target.string(), EISDIR);
    INLAY_TRY(auto old, find_old(target));
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
