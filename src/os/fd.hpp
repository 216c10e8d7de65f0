// Fd: owns one file descriptor.
#pragma once

#include <sys/stat.h>

#include <utility>

namespace inlay::os {

class Fd {
  public:
    Fd() = default;
    explicit Fd(int fd) noexcept : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) {
            close();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    ~Fd() { close(); }

    int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }
    int release() noexcept { return std::exchange(fd_, -1); }
    void close() noexcept;

  private:
    int fd_ = -1;
};

// fstat(2) itself: that of glibc is newfstatat(2), which takes paths as well and is refused in a sandbox.
int stat_of(int fd, struct stat& to) noexcept;

}  // namespace inlay::os
