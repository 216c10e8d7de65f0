// Closes descriptors.
#include "os/fd.hpp"

#include <unistd.h>

namespace inlay::os {

void Fd::close() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

}  // namespace inlay::os
