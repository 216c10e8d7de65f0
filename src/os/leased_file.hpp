// LeasedFile: somebody else's file, to be read where it lies as long as nobody writes it.
//
// A read lease (fcntl(2), F_SETLEASE) is what makes that safe: it is refused while anybody has the file open for writing. Whoever
// opens it for writing later, or truncates it, waits until the lease is given back (at most /proc/sys/fs/lease-break-time, 45 s),
// and this process gets SIGIO meanwhile. What no lease tells of - renamed, removed, other times or rights - shows in the stamp.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace inlay::os {

// The signal that a lease is being broken; it does not say which. Its default is to end the process: catch it first.
extern const int kLeaseSignal;

class LeasedFile {
  public:
    // Opens the file behind a descriptor anew, so that nobody else can give the lease back, and takes the lease.
    // Errors: bad_request with the reason: no regular file, empty, not open for reading, open for writing somewhere, of another
    // user; io_error.
    static Result<LeasedFile> create(int given);
    // The same of what lies at a path, which may be anything by now.
    static Result<LeasedFile> create_at(const std::string& path);
    LeasedFile(LeasedFile&&) noexcept = default;
    LeasedFile& operator=(LeasedFile&&) noexcept = default;

    // Where it lies: absolute, without symbolic links.
    const std::string& path() const { return path_; }
    // What it was when the lease was taken: inode, size, mtime, ctime. No device: its number changes between boots.
    const std::string& stamp() const { return stamp_; }
    uint64_t size() const { return size_; }
    uint64_t inode() const { return inode_; }

    // False: somebody waits to write it, or it is not what it was.
    bool holds() const;
    // A descriptor for a reader. Whoever has it can read; the lease stays ours.
    Result<Fd> open() const;
    // Whether a descriptor is of this file.
    bool is_behind(int fd) const;

  private:
    LeasedFile() = default;

    Fd fd_;  // The lease ends with it.
    std::string path_;
    std::string stamp_;
    uint64_t size_ = 0;
    uint64_t inode_ = 0;
};

// What LeasedFile::stamp() would say of the file at a path, without a lease. Errors: io_error, absent ones too.
Result<std::string> stamp_at(const std::string& path);

// The path as LeasedFile::path() shows it. Errors: io_error when there is nothing.
Result<std::string> real_path(const std::string& path);
// Whether `path` lies below `directory`; both as above.
bool lies_below(const std::string& path, const std::string& directory);

}  // namespace inlay::os
