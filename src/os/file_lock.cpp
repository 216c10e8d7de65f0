// flock(2), and locks of open file descriptions (fcntl(2)), which threads and closings of other descriptors leave alone.
#include "os/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>

namespace inlay::os {

Result<bool> try_shared_lock(int fd) {
    if (::flock(fd, LOCK_SH | LOCK_NB) == 0) return true;
    if (errno == EWOULDBLOCK) return false;
    return os_error("flock");
}

Result<> hold(int fd) {
    struct flock whole{};
    whole.l_type = F_RDLCK;
    if (::fcntl(fd, F_OFD_SETLK, &whole) != 0) return os_error("fcntl (F_OFD_SETLK)");
    return {};
}

Result<bool> is_held(int fd) {
    struct flock whole{};
    whole.l_type = F_WRLCK;
    if (::fcntl(fd, F_OFD_GETLK, &whole) != 0) return os_error("fcntl (F_OFD_GETLK)");
    return whole.l_type != F_UNLCK;
}

}  // namespace inlay::os
