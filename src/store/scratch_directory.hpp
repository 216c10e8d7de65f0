// For tests: directories that are removed at the end, a filesystem that is soon full, and records with little to say.
#pragma once

#include <stdlib.h>
#include <sys/mount.h>

#include <cstring>
#include <filesystem>
#include <string>

#include "base/check.hpp"
#include "store/changes.hpp"

namespace inlay::store {

class ScratchDirectory {
  public:
    ScratchDirectory() {
        std::string path = (std::filesystem::temp_directory_path() / "inlay-test-XXXXXX").string();
        INLAY_CHECK(::mkdtemp(path.data()) != nullptr);
        path_ = path;
    }
    ScratchDirectory(const ScratchDirectory&) = delete;
    ~ScratchDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    std::filesystem::path path() const { return path_; }
    std::string operator/(const std::string& name) const { return (path_ / name).string(); }

  private:
    std::filesystem::path path_;
};

// A filesystem of a kind in memory, where the test may mount one: tmpfs (may be small) or ramfs (lacks much).
class MountedFilesystem {
  public:
    explicit MountedFilesystem(const char* kind, const char* options = "") {
        if (::mount(kind, scratch_.path().c_str(), kind, 0, options) != 0)
            reason_ = std::string("mounting a ") + kind + ": " + std::strerror(errno);
    }
    MountedFilesystem(const MountedFilesystem&) = delete;
    ~MountedFilesystem() {
        if (reason_.empty()) ::umount2(scratch_.path().c_str(), MNT_DETACH);
    }

    // Why there is none. Empty: there is one.
    const std::string& reason() const { return reason_; }
    std::string path() const { return scratch_.path(); }
    std::string operator/(const std::string& name) const { return scratch_ / name; }

  private:
    ScratchDirectory scratch_;
    std::string reason_;
};

inline ObjectRecord example_object(const std::string& bucket, const std::string& key, const std::string& version) {
    return {.name = {bucket, key},
            .version = version,
            .size_bytes = 7,
            .content_type = "text/plain",
            .modified_ms = 1000};
}

inline FunctionRecord example_function(const std::string& name, const std::string& version) {
    return {.name = name,
            .version = version,
            .module_hash = "00",
            .module_bytes = 8,
            .limits = {.timeout_ms = 9, .cpu_ms = 8, .memory_bytes = 10, .rate = 12},
            .env = std::string("A=1\0B=\0", 7),
            .deployed_ms = 11,
            .run_class = FunctionClass::heavy,
            .isolated = true,
            .directories = std::string("data=b:w\0", 9),
            .warm = true};
}

inline ChangeSet put_of(ObjectRecord object, Precondition precondition = {}) {
    return {{PutObject{std::move(object), std::move(precondition)}}};
}

}  // namespace inlay::store
