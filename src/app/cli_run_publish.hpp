// Publication: the objects that a function published, as files DIR/BUCKET/KEY.
//
// All content is written under temporary names first, beside its place; then all files get their names. So a failure on the way
// leaves everything as it was, and a reader sees the old file or the whole new one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "registry/messages.hpp"

namespace inlay::cli {

class Publication {
  public:
    explicit Publication(std::filesystem::path directory) : directory_(std::move(directory)) {}
    Publication(const Publication&) = delete;
    Publication& operator=(const Publication&) = delete;
    ~Publication();

    // Writes one object's content. Result: bytes copied, because the filesystem could not take pages.
    // Errors: bad_name for a key that cannot be a path; no_space; io_error.
    Result<uint64_t> add(const registry::Effect& effect);
    // Gives all files their names, in the order of add(). Errors: io_error.
    Result<> finish();

    // Where an object's file is.
    std::filesystem::path file_of(const ObjectName& name) const { return directory_ / name.bucket / name.key; }

  private:
    struct Staged {
        std::filesystem::path temporary;
        std::filesystem::path target;
    };

    std::filesystem::path directory_;
    std::vector<Staged> staged_;
};

}  // namespace inlay::cli
