// Closes descriptors, and looks at them.
#include "os/fd.hpp"

#include <sys/syscall.h>
#include <unistd.h>

namespace inlay::os {

void Fd::close() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

int stat_of(int fd, struct stat& to) noexcept { return static_cast<int>(::syscall(SYS_fstat, fd, &to)); }

}  // namespace inlay::os
