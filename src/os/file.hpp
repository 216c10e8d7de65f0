// Files and directories: opening, writing durably, linking, listing.
//
// The durable write: create_unnamed -> reserve -> write -> sync -> link -> sync the directory.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "os/fd.hpp"
#include "os/file_range.hpp"

namespace inlay::os {

// Makes a directory (0700). False: there is something of this name.
Result<bool> make_directory(int directory, const std::string& name);
Result<bool> make_directory(const std::string& path);
// Of an empty one. Absent is fine.
Result<> remove_directory(int directory, const std::string& name);
Result<> remove_directory(const std::string& path);
// Makes the directory (0700) where it is missing, and opens it.
Result<Fd> open_directory(const std::string& path);
// Opens one that is there.
Result<Fd> open_directory_at(int directory, const std::string& name);
// Opens for reading. An absent file is nullopt.
Result<std::optional<Fd>> open_if_present(int directory, const std::string& name);
// Opens the file that `fd` is of once more, for reading only.
Result<Fd> open_to_read(int fd);
// Opens for reading, by path. Waits for a writer where it is a pipe.
Result<Fd> open_file(const std::string& path);
// Opens for reading what lies below the directory: links and ".." that lead out of it do not (openat2, RESOLVE_BENEATH). An absent file is
// nullopt, and so is what cannot be waited for: only regular files and directories are opened.
Result<std::optional<Fd>> open_beneath(int directory, const std::string& path);
// Creates or replaces, for writing.
Result<Fd> create_file(int directory, const std::string& name);
// Makes an empty file. False: there is something of this name, which is left alone.
Result<bool> make_file(int directory, const std::string& name);
// A file without a name in `directory`; where the filesystem has no O_TMPFILE, a named one that is unlinked at once fails to
// link later, so it is an error then.
Result<Fd> create_unnamed(int directory);

Result<> write_all(int fd, std::string_view content);
Result<> write_all_at(int fd, std::string_view content, uint64_t offset);
Result<std::string> read_all(int fd, uint64_t size_max);
// The same from offset 0, whatever the descriptor's position.
Result<std::string> read_from_start(int fd, uint64_t size_max);
// Sets the descriptor's position to 0.
void rewind(int fd) noexcept;
// Reads exactly `size` bytes at `offset` into `to`; an early end is an error.
Result<> read_exactly_at(int fd, void* to, size_t size, uint64_t offset);

// Asks for the pages of `range` to be read in, and does not wait for them: a hint.
void prefetch(const FileRange& range) noexcept;

// Allocates the blocks now, so that no later write meets a full disk. Filesystems without it do nothing.
Result<> reserve(int fd, uint64_t size);
// What the filesystem of a file has left.
Result<uint64_t> free_bytes(int fd);
Result<> truncate(int fd, uint64_t size);
Result<> sync(int fd);
// Makes a directory's own name durable.
Result<> sync_parent(int directory);

// Gives an unnamed file its name. Errors when the name exists.
Result<> link(int fd, int directory, const std::string& name);
Result<> rename(int directory, const std::string& from, const std::string& to);
// Absent is fine.
Result<> unlink(int directory, const std::string& name);

struct FileStatus {
    uint64_t size = 0;
    bool is_regular = false;
    uint64_t inode = 0;
    int64_t modified_ns = 0;
};
Result<FileStatus> status(int fd);

// Calls `use(name)` for each entry but "." and "..". A false return ends the walk.
Result<> for_each_entry(int directory, const std::function<bool(std::string_view)>& use);

// Takes an exclusive lock for the life of `fd` and its duplicates. False: somebody else holds it.
Result<bool> try_lock(int fd);

// Writes `range` (a memfd from offset 0, size a whole file) into the empty file `to` straight from its pages (O_DIRECT: the
// device reads them, the CPU copies nothing). False: the filesystem cannot; nothing was written then.
Result<bool> write_direct(int to, const FileRange& range);
// The same with copies.
Result<> write_copied(int to, const FileRange& range);
// The one or the other, with the blocks reserved before. Result: bytes copied, because the filesystem could not do without.
Result<uint64_t> write_pages(int to, const FileRange& range);
// Writes `range` of a memfd to offset `at` of a file that is written piece by piece, in the one way or the other; a copy is on its
// way to the disk when this returns. The last block may be written whole: truncate() follows. Result: bytes copied.
// Requires: `at` and the range's offset are multiples of 4 KiB and of the page.
Result<uint64_t> write_piece(int to, uint64_t at, const FileRange& range);

// Passes a range of a file on to whatever `to` is: a pipe gets the pages themselves, anything else a copy that the kernel makes.
// Errors: object_changed when the range's file ended early; no_space; io_error.
Result<> pass_on(int to, FileRange range);

// True: the next read begins at the file's first byte.
bool is_at_start(int fd) noexcept;

// Another descriptor of the same open file; empty when there are none left.
Fd duplicate(int fd) noexcept;

// Keeps the descriptor from programs that this process may start later.
void close_on_exec(int fd) noexcept;

// The largest number of descriptors this process may have is raised to what is allowed, if that can be. Gives it.
size_t raise_descriptor_limit() noexcept;

}  // namespace inlay::os
