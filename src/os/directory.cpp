// The calls behind fsck and backup.
#include "os/directory.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "base/limits.hpp"
#include "os/disk_door.hpp"

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
    INLAY_TRY(bool made, make_directory(path));
    if (!made) return os_error("mkdir " + path, EEXIST);
    return open_existing_directory(path);
}

Result<> rename_directory(const std::string& from, const std::string& to) {
    return rename(AT_FDCWD, from, to);
}

Result<> remove_tree(int directory, const std::string& name) {
    INLAY_TRY(auto tree, open_directory_if_present(directory, name));
    if (!tree) return unlink(directory, name);
    // Names first: what an entry's removal does to a walk that is under way is the filesystem's to say.
    std::vector<std::string> below;
    INLAY_TRY_VOID(for_each_entry(tree->get(), [&](std::string_view entry) { return below.emplace_back(entry), true; }));
    for (const auto& entry : below) INLAY_TRY_VOID(remove_tree(tree->get(), entry));
    return remove_directory(directory, name);
}

Result<> remove_tree(const std::string& path) { return remove_tree(AT_FDCWD, path); }

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
        uint64_t step = std::min(kCopyBytes, size_bytes - done);
        ssize_t n = pass_disk_door({.step = DiskStep::write, .file = to, .length = step},
                                   [&] { return ::copy_file_range(from, &at, to, nullptr, step, 0); });
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
    if (pass_disk_door({.step = DiskStep::sync_all, .file = fd}, [&] { return ::syncfs(fd); }) != 0) return os_error("syncfs");
    return {};
}

}  // namespace inlay::os
