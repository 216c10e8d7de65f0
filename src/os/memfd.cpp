// memfd_create and its seals.
#include "os/memfd.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/limits.hpp"
#include "os/file.hpp"
#include "os/mapping.hpp"

namespace inlay::os {
namespace {

constexpr size_t kReceiveStepBytes = 8 * MiB;  // How much room is mapped at once; untouched room costs nothing.

}  // namespace

Result<Fd> create_memfd(const char* name, uint64_t size) {
    Fd fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd) return os_error("memfd_create");
    if (size > 0 && ::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) return os_error("ftruncate of a memfd");
    return fd;
}

Result<Fd> create_memfd_of(const char* name, std::string_view content) {
    INLAY_TRY(auto fd, create_memfd(name, 0));
    INLAY_TRY_VOID(write_all(fd.get(), content));
    return fd;
}

Result<> seal_against_shrinking(int fd) {
    if (::fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) != 0) return os_error("sealing a memfd against shrinking");
    return {};
}

Result<Fd> create_memfd_from(const char* name, int from, uint64_t size_max) {
    INLAY_TRY(auto fd, create_memfd(name, 0));
    Mapping room;
    uint64_t size = 0;
    for (uint64_t capacity = 0;;) {
        if (size == capacity) {
            INLAY_TRY_VOID(truncate(fd.get(), capacity + kReceiveStepBytes));
            INLAY_TRY(room, Mapping::create(fd.get(), capacity, kReceiveStepBytes, Access::read_write, Sharing::shared));
            capacity += kReceiveStepBytes;
        }
        // Straight into the pages in which it then stays.
        ssize_t n = ::read(from, room.data() + (size % kReceiveStepBytes), capacity - size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return os_error("read");
        if (n == 0) break;
        size += static_cast<uint64_t>(n);
        if (size > size_max) return Error{Errc::body_too_large, "more than " + std::to_string(size_max) + " bytes"};
    }
    room.unmap();
    INLAY_TRY_VOID(truncate(fd.get(), size));
    INLAY_TRY_VOID(seal(fd.get()));
    return fd;
}

void free_pages(int fd) noexcept {
    if (off_t size = ::lseek(fd, 0, SEEK_END); size > 0) ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, size);
}

Result<> seal_size(int fd) {
    if (::fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0) return os_error("sealing a memfd's size");
    return {};
}

bool is_sealed(int fd) noexcept {
    constexpr int kFinal = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    int seals = ::fcntl(fd, F_GET_SEALS);
    return seals >= 0 && (seals & kFinal) == kFinal;
}

Result<> seal(int fd) {
    constexpr int kAll = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
    if (::fcntl(fd, F_ADD_SEALS, kAll) == 0) return {};
    int error = errno;
    if (error == EPERM && (::fcntl(fd, F_GET_SEALS) & kAll) == kAll) return {};
    errno = error;
    return os_error("sealing a memfd");
}

}  // namespace inlay::os
