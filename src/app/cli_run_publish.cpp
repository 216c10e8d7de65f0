// Writes beside, then renames.
#include "app/cli_run_publish.hpp"

#include <fmt/format.h>

#include <algorithm>

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

Result<uint64_t> Publication::add(const registry::Effect& effect) {
    INLAY_TRY_VOID(check_key_as_path(effect.name));
    auto target = file_of(effect.name);
    std::error_code error;
    const auto parent = fs::weakly_canonical(target.parent_path(), error), root = fs::weakly_canonical(root_of(effect.name.bucket), error);
    if (std::mismatch(root.begin(), root.end(), parent.begin(), parent.end()).first != root.end())
        return Error{Errc::bad_name, fmt::format("object {}: a symbolic link leads out of {}: nothing is written there", effect.name.path(), root.string())};
    if (effect.is_delete) {
        staged_.push_back({{}, std::move(target)});
        return uint64_t{0};
    }
    fs::create_directories(target.parent_path(), error);
    if (error) return os_error("make directory " + target.parent_path().string(), error.value());
    if (fs::is_directory(target, error)) return os_error("publish to " + target.string(), EISDIR);
    for (const auto& other : staged_)
        if (lies_below(target, other.target) || lies_below(other.target, target)) return os_error("publish to " + target.string() + " beside " + other.target.string(), EISDIR);
    auto temporary = temporary_beside(target);
    File file(std::fopen(temporary.c_str(), "wbxe"));
    if (!file) return os_error("create " + temporary.string());
    staged_.push_back({std::move(temporary), std::move(target)});
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
    return {};
}

}  // namespace inlay::cli
