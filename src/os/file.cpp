// The file system's calls behind Results.
#include "os/file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "base/limits.hpp"
#include "os/disk_door.hpp"
#include "os/mapping.hpp"

namespace inlay::os {
namespace {

constexpr size_t kDirectPieceBytes = 8 * MiB;  // probes/io: the size at which O_DIRECT reached the device's speed.
// As <linux/mman.h> has it since kernel 6.5.
constexpr long kCachestatCall = 451;
struct CachestatRange {
    uint64_t offset, length;
};
struct Cachestat {
    uint64_t cached, dirty, writeback, evicted, recently_evicted;  // Pages.
};

// Whether all pages of the range are in the page cache, or on their way there. False also where the kernel does not tell.
bool is_cached(const FileRange& range) {
    CachestatRange asked{range.offset, range.length};
    Cachestat told{};
    if (range.length == 0 || ::syscall(kCachestatCall, range.fd, &asked, &told, 0) != 0) return false;
    uint64_t pages = (range.offset + range.length - 1) / page_size() - range.offset / page_size() + 1;
    return told.cached >= pages;
}

constexpr size_t kPrefetchStepBytes = 512 * KiB;  // Most devices take this much in one request.
constexpr size_t kDirectAlignment = 4096;      // Covers logical blocks of 512 and 4,096 bytes.
constexpr size_t kPassOnBytes = 1 * GiB;       // One sendfile takes less than 2 GiB.

ssize_t write_at(int fd, const void* bytes, size_t size, uint64_t offset) {
    return pass_disk_door({.step = DiskStep::write, .file = fd, .offset = offset, .length = size, .bytes = bytes},
                          [&] { return ::pwrite(fd, bytes, size, static_cast<off_t>(offset)); });
}

Error ended_early() { return Error{Errc::object_changed, "the file ended early: it was truncated behind our back"}; }

}  // namespace

Result<bool> make_directory(int directory, const std::string& name) {
    auto make = [&] { return ::mkdirat(directory, name.c_str(), 0700); };
    if (pass_disk_door({.step = DiskStep::make_directory, .directory = directory, .name = name}, make) == 0) return true;
    if (errno == EEXIST) return false;
    return os_error("mkdir " + name);
}

Result<> remove_directory(int directory, const std::string& name) {
    auto make = [&] { return ::unlinkat(directory, name.c_str(), AT_REMOVEDIR); };
    if (pass_disk_door({.step = DiskStep::remove_directory, .directory = directory, .name = name}, make) != 0 && errno != ENOENT)
        return os_error("rmdir " + name);
    return {};
}

Result<bool> make_directory(const std::string& path) { return make_directory(AT_FDCWD, path); }
Result<> remove_directory(const std::string& path) { return remove_directory(AT_FDCWD, path); }

Result<Fd> open_directory(const std::string& path) {
    INLAY_TRY_VOID(make_directory(path));
    Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return os_error("open directory " + path);
    return fd;
}

Result<Fd> open_directory_at(int directory, const std::string& name) {
    Fd fd(::openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return os_error("open directory " + name);
    return fd;
}

Result<std::optional<Fd>> open_if_present(int directory, const std::string& name) {
    Fd fd(::openat(directory, name.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd) return std::optional<Fd>(std::move(fd));
    if (errno == ENOENT) return std::optional<Fd>();
    return os_error("open " + name);
}

Result<Fd> open_file(const std::string& path) {
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return os_error("open " + path);
    return fd;
}

Result<Fd> open_to_read(int fd) { return open_file("/proc/self/fd/" + std::to_string(fd)); }

Result<std::optional<Fd>> open_beneath(int directory, const std::string& path) {
    open_how how{};
    how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    Fd fd(static_cast<int>(::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how)));
    const bool is_absent = !fd && (errno == ENOENT || errno == ENOTDIR || errno == EXDEV || errno == ELOOP || errno == ENAMETOOLONG || errno == ENXIO);
    if (is_absent) return std::optional<Fd>();
    if (!fd) return os_error("open " + path);
    struct stat found {};
    if (::fstat(fd.get(), &found) != 0) return os_error("stat " + path);
    if (!S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode)) return std::optional<Fd>();
    return std::optional<Fd>(std::move(fd));
}

Result<Fd> create_file(int directory, const std::string& name) {
    auto make = [&] { return ::openat(directory, name.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600); };
    Fd fd(pass_disk_door({.step = DiskStep::create, .directory = directory, .name = name}, make));
    if (!fd) return os_error("create " + name);
    return fd;
}

Result<bool> make_file(int directory, const std::string& name) {
    auto make = [&] { return ::openat(directory, name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600); };
    Fd fd(pass_disk_door({.step = DiskStep::create, .directory = directory, .name = name}, make));
    if (fd) return true;
    if (errno == EEXIST) return false;
    return os_error("create " + name);
}

Result<Fd> create_unnamed(int directory) {
    auto make = [&] { return ::openat(directory, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600); };
    Fd fd(pass_disk_door({.step = DiskStep::create_unnamed, .directory = directory}, make));
    if (!fd) return os_error("create an unnamed file (O_TMPFILE)");
    return fd;
}

Result<> write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        auto make = [&] { return ::write(fd, content.data(), content.size()); };
        ssize_t n = pass_disk_door({.step = DiskStep::write, .file = fd, .length = content.size(), .bytes = content.data()}, make);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return os_error("write");
        content.remove_prefix(static_cast<size_t>(n));
    }
    return {};
}

Result<> write_all_at(int fd, std::string_view content, uint64_t offset) {
    while (!content.empty()) {
        ssize_t n = write_at(fd, content.data(), content.size(), offset);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return os_error("write");
        content.remove_prefix(static_cast<size_t>(n));
        offset += static_cast<uint64_t>(n);
    }
    return {};
}

Result<std::string> read_all(int fd, uint64_t size_max) {
    std::string content;
    char piece[64 * 1024];
    for (;;) {
        ssize_t n = ::read(fd, piece, sizeof piece);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return os_error("read");
        if (n == 0) return content;
        if (content.size() + static_cast<size_t>(n) > size_max) return Error{Errc::body_too_large, "file is too large"};
        content.append(piece, static_cast<size_t>(n));
    }
}

void rewind(int fd) noexcept { ::lseek(fd, 0, SEEK_SET); }

Result<std::string> read_from_start(int fd, uint64_t size_max) {
    if (::lseek(fd, 0, SEEK_SET) != 0) return os_error("lseek");
    return read_all(fd, size_max);
}

Result<> read_exactly_at(int fd, void* to, size_t size, uint64_t offset) {
    auto at = static_cast<uint8_t*>(to);
    while (size > 0) {
        ssize_t n = ::pread(fd, at, size, static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return os_error("read");
        if (n == 0) return ended_early();
        at += n;
        size -= static_cast<size_t>(n);
        offset += static_cast<uint64_t>(n);
    }
    return {};
}

void prefetch(const FileRange& range) noexcept {
    if (is_cached(range)) return;  // To ask in vain would cost 15 us per MiB.
    // In steps: of one call the kernel reads what one request of the device holds, and ignores the rest.
    for (uint64_t done = 0; done < range.length; done += kPrefetchStepBytes)
        ::posix_fadvise(range.fd, static_cast<off_t>(range.offset + done),
                        static_cast<off_t>(std::min<uint64_t>(kPrefetchStepBytes, range.length - done)), POSIX_FADV_WILLNEED);
}

Result<> reserve(int fd, uint64_t size) {
    if (size == 0) return {};
    auto make = [&] { return ::fallocate(fd, 0, 0, static_cast<off_t>(size)); };
    while (pass_disk_door({.step = DiskStep::reserve, .file = fd, .length = size}, make) != 0) {
        if (errno == EINTR) continue;
        if (errno == EOPNOTSUPP) return {};
        return os_error("reserve disk space");
    }
    return {};
}

Result<uint64_t> free_bytes(int fd) {
    struct statvfs about{};
    if (::fstatvfs(fd, &about) != 0) return os_error("fstatvfs");
    return uint64_t{about.f_bfree} * about.f_frsize;
}

Result<> truncate(int fd, uint64_t size) {
    auto make = [&] { return ::ftruncate(fd, static_cast<off_t>(size)); };
    if (pass_disk_door({.step = DiskStep::truncate, .file = fd, .length = size}, make) != 0) return os_error("ftruncate");
    return {};
}

Result<> sync(int fd) {
    if (pass_disk_door({.step = DiskStep::sync, .file = fd}, [&] { return ::fsync(fd); }) != 0) return os_error("fsync");
    return {};
}

Result<> sync_parent(int directory) {
    Fd parent(::openat(directory, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!parent) return os_error("open the parent directory");
    return sync(parent.get());
}

Result<> link(int fd, int directory, const std::string& name) {
    std::string self = "/proc/self/fd/" + std::to_string(fd);
    auto make = [&] { return ::linkat(AT_FDCWD, self.c_str(), directory, name.c_str(), AT_SYMLINK_FOLLOW); };
    if (pass_disk_door({.step = DiskStep::link, .file = fd, .directory = directory, .name = name}, make) != 0) return os_error("link " + name);
    return {};
}

Result<> rename(int directory, const std::string& from, const std::string& to) {
    auto make = [&] { return ::renameat(directory, from.c_str(), directory, to.c_str()); };
    if (pass_disk_door({.step = DiskStep::rename, .directory = directory, .name = from, .to = to}, make) != 0)
        return os_error("rename " + from + " to " + to);
    return {};
}

Result<> unlink(int directory, const std::string& name) {
    auto make = [&] { return ::unlinkat(directory, name.c_str(), 0); };
    if (pass_disk_door({.step = DiskStep::unlink, .directory = directory, .name = name}, make) != 0 && errno != ENOENT)
        return os_error("unlink " + name);
    return {};
}

Result<FileStatus> status(int fd) {
    struct stat found{};
    if (stat_of(fd, found) != 0) return os_error("fstat");
    return FileStatus{static_cast<uint64_t>(found.st_size), S_ISREG(found.st_mode), found.st_ino,
                      found.st_mtim.tv_sec * 1'000'000'000 + found.st_mtim.tv_nsec};
}

Result<> for_each_entry(int directory, const std::function<bool(std::string_view)>& use) {
    int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (copy < 0) return os_error("open directory");
    std::unique_ptr<DIR, int (*)(DIR*)> walk(::fdopendir(copy), ::closedir);
    if (!walk) return os_error("fdopendir");
    while (const dirent* entry = ::readdir(walk.get())) {
        std::string_view name = entry->d_name;
        if (name != "." && name != ".." && !use(name)) break;
    }
    return {};
}

Result<bool> try_lock(int fd) {
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno == EWOULDBLOCK) return false;
    return os_error("flock");
}

namespace {

// From offset `at` on; false: the filesystem cannot, and nothing was written.
Result<bool> write_direct_at(int to, uint64_t at, const FileRange& range) {
    int flags = ::fcntl(to, F_GETFL);
    if (flags < 0 || ::fcntl(to, F_SETFL, flags | O_DIRECT) != 0) return false;
    uint64_t whole = round_up(range.length, kDirectAlignment);
    INLAY_TRY(auto pages, Mapping::create(range.fd, range.offset, round_up(whole, page_size()), Access::read, Sharing::shared));
    for (uint64_t done = 0; done < whole;) {
        size_t piece = std::min<uint64_t>(kDirectPieceBytes, whole - done);
        ssize_t n = write_at(to, pages.data() + done, piece, at + done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EINVAL && done == 0) {
            ::fcntl(to, F_SETFL, flags);
            return false;
        }
        if (n < 0) return os_error("write (O_DIRECT)");
        // A short count that is no multiple of the alignment can only be the end of what the disk takes.
        if (n == 0 || static_cast<size_t>(n) % kDirectAlignment != 0) return os_error("write (O_DIRECT)", ENOSPC);
        done += static_cast<uint64_t>(n);
    }
    if (::fcntl(to, F_SETFL, flags) != 0) return os_error("fcntl");
    return true;
}

}  // namespace

Result<bool> write_direct(int to, const FileRange& range) {
    if (range.length == 0) return true;
    INLAY_TRY(bool direct, write_direct_at(to, 0, range));
    if (direct && range.length % kDirectAlignment != 0) INLAY_TRY_VOID(truncate(to, range.length));
    return direct;
}

Result<> write_copied(int to, const FileRange& range) {
    if (range.length == 0) return {};
    uint64_t start = round_down(range.offset, page_size());
    uint64_t lead = range.offset - start;
    INLAY_TRY(auto pages, Mapping::create(range.fd, start, lead + range.length, Access::read, Sharing::shared));
    return write_all(to, {reinterpret_cast<const char*>(pages.data()) + lead, range.length});
}

Result<uint64_t> write_pages(int to, const FileRange& range) {
    INLAY_TRY_VOID(reserve(to, range.length));
    INLAY_TRY(bool direct, write_direct(to, range));
    if (direct) return 0;
    INLAY_TRY_VOID(write_copied(to, range));  // COPY: the filesystem has no O_DIRECT.
    return range.length;
}

Result<uint64_t> write_piece(int to, uint64_t at, const FileRange& range) {
    if (range.length == 0) return 0;
    INLAY_TRY(bool direct, write_direct_at(to, at, range));
    if (direct) return 0;
    INLAY_TRY(auto pages, Mapping::create(range.fd, range.offset, range.length, Access::read, Sharing::shared));
    // COPY: the filesystem has no O_DIRECT.
    INLAY_TRY_VOID(write_all_at(to, {reinterpret_cast<const char*>(pages.data()), range.length}, at));
    ::sync_file_range(to, static_cast<off_t>(at), static_cast<off_t>(range.length), SYNC_FILE_RANGE_WRITE);
    return range.length;
}

Result<> pass_on(int to, FileRange range) {
    while (range.length > 0) {
        auto offset = static_cast<off_t>(range.offset);
        // COPY: none into a pipe; into a file or terminal the kernel's, as into a socket.
        uint64_t step = std::min<uint64_t>(range.length, kPassOnBytes);
        ssize_t n = pass_disk_door({.step = DiskStep::write, .file = to, .length = step}, [&] { return ::sendfile(to, range.fd, &offset, step); });
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EINVAL) return write_copied(to, range);  // COPY: `to` is opened to append, which sendfile cannot.
        if (n < 0) return os_error("write");
        if (n == 0) return ended_early();
        range.offset += static_cast<uint64_t>(n);
        range.length -= static_cast<uint64_t>(n);
    }
    return {};
}

bool is_at_start(int fd) noexcept { return ::lseek(fd, 0, SEEK_CUR) == 0; }

Fd duplicate(int fd) noexcept { return Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

void close_on_exec(int fd) noexcept { ::fcntl(fd, F_SETFD, FD_CLOEXEC); }

size_t raise_descriptor_limit() noexcept {
    rlimit limit{};
    INLAY_CHECK(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
    const rlimit raised{limit.rlim_max, limit.rlim_max};
    // Refused where the machine's own bound (fs.nr_open) was lowered below the hard limit since.
    return ::setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

}  // namespace inlay::os
