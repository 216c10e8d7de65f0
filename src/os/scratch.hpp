// For tests: a directory that is removed at the end, and cold files.
#pragma once

#include <fcntl.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

#include "os/file.hpp"

namespace inlay::os {

class Scratch {
  public:
    Scratch() : path_(std::filesystem::temp_directory_path() / "inlay-os-test-XXXXXX") {
        INLAY_CHECK(::mkdtemp(path_.data()) != nullptr);
        directory_ = open_directory(path_).value();
    }
    Scratch(const Scratch&) = delete;
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    int fd() const { return directory_.get(); }
    const std::string& path() const { return path_; }
    std::string content(const std::string& name) const {
        auto file = open_if_present(fd(), name).value();
        return file ? read_all(file->get(), UINT64_MAX).value() : "(absent)";
    }

  private:
    std::string path_;
    Fd directory_;
};

// Throws a file's pages out of memory, where it lies on a disk and has been synced.
inline void drop_from_memory(int fd) { (void)::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED); }

// Whether a file can be opened for writing without waiting for who holds a lease on it; who does is told in any case.
inline bool can_write_now(const std::string& path) { return static_cast<bool>(Fd(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC))); }

}  // namespace inlay::os
