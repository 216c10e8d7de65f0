// The calls behind fsck and backup.
#include "os/directory.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/limits.hpp"

namespace inlay::os {
namespace {

constexpr uint64_t kCopyBytes = 64 * MiB;  // Of one call, so that a signal is heard.

}  // namespace

Result<Fd> open_existing_directory(const std::string& path) {
    Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return os_error("open directory " + path);
    return fd;
}

Result<std::optional<Fd>> open_directory_if_present(int directory, const std::string& name) {
    Fd fd(::openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (fd) return std::optional<Fd>(std::move(fd));
    if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) return std::optional<Fd>();
    return os_error("open directory " + name);
}

Result<Fd> create_directory(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) != 0) return os_error("mkdir " + path);
    return open_existing_directory(path);
}

Result<> rename_directory(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) return os_error("rename " + from + " to " + to);
    return {};
}

Result<std::optional<FileStatus>> entry_status(int directory, const std::string& name) {
    struct stat found{};
    if (::fstatat(directory, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) return std::optional<FileStatus>();
        return os_error("stat " + name);
    }
    return std::optional(FileStatus{static_cast<uint64_t>(found.st_size), S_ISREG(found.st_mode), found.st_ino,
                                    found.st_mtim.tv_sec * 1'000'000'000 + found.st_mtim.tv_nsec});
}

Result<bool> is_same_filesystem(int one, int other) {
    struct stat first{}, second{};
    if (::fstat(one, &first) != 0 || ::fstat(other, &second) != 0) return os_error("fstat");
    return first.st_dev == second.st_dev;
}

Result<> copy_file(int from, int to, uint64_t size_bytes) {
    for (uint64_t done = 0; done < size_bytes;) {
        auto at = static_cast<loff_t>(done);
        // COPY: a backup's, where it cannot share the file; the kernel shares blocks where the filesystem can.
        ssize_t n = ::copy_file_range(from, &at, to, nullptr, std::min(kCopyBytes, size_bytes - done), 0);
        if (n < 0 && errno == EINTR) continue;
        // Filesystems and older kernels that cannot say so in several ways.
        bool cannot = n < 0 && (errno == EXDEV || errno == ENOSYS || errno == EINVAL || errno == EOPNOTSUPP);
        if (cannot || n == 0) return pass_on(to, {from, done, size_bytes - done});
        if (n < 0) return os_error("copy");
        done += static_cast<uint64_t>(n);
    }
    return {};
}

Result<> sync_filesystem(int fd) {
    if (::syncfs(fd) != 0) return os_error("syncfs");
    return {};
}

}  // namespace inlay::os
