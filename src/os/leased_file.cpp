// fcntl(F_SETLEASE), and what stat says.
#include "os/leased_file.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdlib>
#include <memory>

namespace inlay::os {
namespace {

std::string self_path(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

std::string stamp_of(const struct stat& found) {
    auto time = [](const timespec& at) { return std::to_string(at.tv_sec) + "." + std::to_string(at.tv_nsec); };
    return "inode=" + std::to_string(found.st_ino) + " size=" + std::to_string(found.st_size) + " mtime=" + time(found.st_mtim) +
           " ctime=" + time(found.st_ctim);
}

Result<std::string> path_behind(int fd) {
    std::array<char, PATH_MAX> room;
    ssize_t length = ::readlink(self_path(fd).c_str(), room.data(), room.size());
    if (length < 0) return os_error("readlink of a descriptor");
    return std::string(room.data(), static_cast<size_t>(length));
}

Result<> check_given(int given) {
    struct stat found{};
    int flags = ::fcntl(given, F_GETFL);
    if (flags < 0 || ::fstat(given, &found) != 0) return os_error("fstat");
    if (!S_ISREG(found.st_mode)) return Error{Errc::bad_request, "it is no regular file: only such can be linked"};
    if (found.st_size == 0) return Error{Errc::bad_request, "it is empty: there is nothing to link"};
    if ((flags & O_PATH) || (flags & O_ACCMODE) == O_WRONLY)
        return Error{Errc::bad_request, "its descriptor is not open for reading"};
    return {};
}

Error lease_refused() {
    if (errno == EAGAIN)
        return Error{Errc::bad_request, "it is open for writing somewhere: link it when nobody writes it, or put it without --link"};
    if (errno == EACCES)
        return Error{Errc::bad_request, "it belongs to another user than the server's, which may then not guard it by a lease: "
                                        "put it without --link"};
    return Error{Errc::bad_request, os_error("its filesystem grants no lease (F_SETLEASE)").detail + ": put it without --link"};
}

}  // namespace

const int kLeaseSignal = SIGIO;

Result<LeasedFile> LeasedFile::create(int given) {
    INLAY_TRY_VOID(check_given(given));
    LeasedFile made;
    made.fd_ = Fd(::open(self_path(given).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!made.fd_) return os_error("opening the file behind a descriptor");
    if (::fcntl(made.fd_.get(), F_SETLEASE, F_RDLCK) != 0) return lease_refused();
    // Under the lease: nobody changes it between here and there.
    struct stat found{}, named{};
    if (::fstat(made.fd_.get(), &found) != 0) return os_error("fstat");
    INLAY_TRY(made.path_, path_behind(made.fd_.get()));
    bool there = ::stat(made.path_.c_str(), &named) == 0 && named.st_ino == found.st_ino && named.st_dev == found.st_dev;
    if (!there) return Error{Errc::bad_request, "it has no name any more, or none that the server sees"};
    made.stamp_ = stamp_of(found);
    made.size_ = static_cast<uint64_t>(found.st_size);
    made.inode_ = found.st_ino;
    return made;
}

Result<LeasedFile> LeasedFile::create_at(const std::string& path) {
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));  // A pipe there must not hold us up.
    if (!fd) return os_error("open " + path);
    return create(fd.get());
}

bool LeasedFile::holds() const {
    struct stat found{};
    return ::fcntl(fd_.get(), F_GETLEASE) == F_RDLCK && ::fstat(fd_.get(), &found) == 0 && stamp_of(found) == stamp_;
}

Result<Fd> LeasedFile::open() const {
    Fd fd(::open(self_path(fd_.get()).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return os_error("open " + path_);
    return fd;
}

bool LeasedFile::is_behind(int fd) const {
    struct stat given{}, own{};
    return ::fstat(fd, &given) == 0 && ::fstat(fd_.get(), &own) == 0 && given.st_ino == own.st_ino && given.st_dev == own.st_dev;
}

Result<std::string> stamp_at(const std::string& path) {
    struct stat found{};
    if (::lstat(path.c_str(), &found) != 0) return os_error("stat " + path);
    return stamp_of(found);
}

Result<std::string> real_path(const std::string& path) {
    struct Free {
        void operator()(char* text) const noexcept { std::free(text); }
    };
    std::unique_ptr<char, Free> found(::realpath(path.c_str(), nullptr));
    if (!found) return os_error("link root " + path);
    return std::string(found.get());
}

bool lies_below(const std::string& path, const std::string& directory) {
    if (directory == "/") return true;
    return path.size() > directory.size() && path.starts_with(directory) && path[directory.size()] == '/';
}

}  // namespace inlay::os
