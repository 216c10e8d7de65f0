// For tests of this directory: a directory that is removed at the end.
#pragma once

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

}  // namespace inlay::os
