// What those need who go over whole directories, or make one: entries as they are, copies of files, one flush for all.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "os/fd.hpp"
#include "os/file.hpp"

namespace inlay::os {

// Opens one that exists.
Result<Fd> open_existing_directory(const std::string& path);
// The same below another. Absent, or no directory: nullopt.
Result<std::optional<Fd>> open_directory_if_present(int directory, const std::string& name);
// Makes one (0700) that must not exist, and opens it.
Result<Fd> create_directory(const std::string& path);
// Renames a directory; one that is there already under the new name must be empty.
Result<> rename_directory(const std::string& from, const std::string& to);

// Removes an entry, and all below it where it is a directory; symbolic links are not followed. Absent is fine. The first failure ends it.
// Cost: memory for the names of one directory at each depth. Requires: nobody makes anything there meanwhile.
Result<> remove_tree(int directory, const std::string& name);
Result<> remove_tree(const std::string& path);

// An entry itself: a symbolic link is not followed, a pipe not opened. Absent: nullopt.
Result<std::optional<FileStatus>> entry_status(int directory, const std::string& name);
// Whether both are of the same filesystem.
Result<bool> is_same_filesystem(int one, int other);

// Copies the first `size_bytes` of a file into an empty one; shares its blocks where the filesystem can.
// Errors: object_changed when it is shorter; no_space; io_error.
Result<> copy_file(int from, int to, uint64_t size_bytes);

// Waits until all that was written to the filesystem of `fd` is on disk. Errors: a write that failed since `fd` was opened.
Result<> sync_filesystem(int fd);

}  // namespace inlay::os
