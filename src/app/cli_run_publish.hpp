// Publication: the objects that a function published, as files DIR/BUCKET/KEY.
//
// All content is written under temporary names first, beside its place; then all files get their names. So a failure on the way
// leaves everything as it was, and a reader sees the old file or the whole new one. A file that is replaced keeps its mode and owner,
// and a link to it stays; a second hard link to it keeps the old content.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/pages.hpp"
#include "registry/messages.hpp"

namespace inlay::cli {

// Files that one WASI program may write into directories of this machine, unless --limit publishes says fewer. A server takes no more
// than kPublishesMax objects: each is a row of its catalog and a file of its own.
inline constexpr size_t kRunFilesMax = 4096;

class Publication {
  public:
    // `buckets`: directories that stand for buckets of their own, whose files nobody else may reach.
    explicit Publication(std::filesystem::path directory, std::map<std::string, std::filesystem::path> buckets = {})
        : directory_(std::move(directory)), buckets_(std::move(buckets)) {}
    Publication(const Publication&) = delete;
    Publication& operator=(const Publication&) = delete;
    ~Publication();

    // Writes one object's content, or has it removed. Result: bytes copied, because the filesystem could not take pages.
    // Errors: bad_name for a key that cannot be a path, or leads out by a link; no_space; io_error, also for what is there and is no file
    // that we may write to.
    // `like`: a file whose mode it gets; nullptr: that of what it replaces.
    Result<uint64_t> add(const registry::Effect& effect, const os::Pages* like = nullptr);
    // Gives all files their names, in the order of add(). Errors: io_error.
    Result<> finish();

    // Where an object's file is.
    std::filesystem::path file_of(const ObjectName& name) const { return root_of(name.bucket) / name.key; }
    // Whether there is any place for it.
    bool stores(const ObjectName& name) const { return !directory_.empty() || buckets_.contains(name.bucket); }

  private:
    struct Staged {
        std::filesystem::path temporary;  // Empty: the target is removed.
        std::filesystem::path target;
    };

    Result<> add_removal(std::filesystem::path target);
    std::filesystem::path root_of(const std::string& bucket) const;
    // Whether another one lies below it, or is a directory that it lies in.
    bool is_file_and_directory(const std::filesystem::path& target) const;

    std::filesystem::path directory_;
    std::map<std::string, std::filesystem::path> buckets_;
    std::vector<Staged> staged_;
    std::set<std::filesystem::path> targets_;  // Of those that are written.
};

}  // namespace inlay::cli
