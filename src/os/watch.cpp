// inotify, signalfd and poll.
#include "os/watch.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

namespace inlay::os {
namespace {

// What editors, compilers and version control do: write and close, rename over, make, remove, touch.
constexpr uint32_t kChanges = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB | IN_ONLYDIR;

}  // namespace

Result<Watch> Watch::create() {
    Fd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!fd) return os_error("inotify_init1");
    return Watch(std::move(fd));
}

Result<> Watch::add(const std::string& directory) {
    if (::inotify_add_watch(fd_.get(), directory.c_str(), kChanges) < 0) return os_error("inotify_add_watch " + directory);
    return {};
}

bool Watch::take() noexcept {
    alignas(inotify_event) char events[4096];
    bool any = false;
    while (::read(fd_.get(), events, sizeof events) > 0) any = true;
    return any;
}

Result<Fd> hold_signals(std::span<const int> numbers) {
    sigset_t held;
    sigemptyset(&held);
    for (int number : numbers) sigaddset(&held, number);
    if (::sigprocmask(SIG_BLOCK, &held, nullptr) != 0) return os_error("sigprocmask");
    Fd fd(::signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd) return os_error("signalfd");
    return fd;
}

std::optional<int> take_signal(int held) noexcept {
    signalfd_siginfo taken;
    if (::read(held, &taken, sizeof taken) != ssize_t{sizeof taken}) return std::nullopt;
    return static_cast<int>(taken.ssi_signo);
}

void let_signal_through(int number) noexcept {
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, number);
    ::sigprocmask(SIG_UNBLOCK, &one, nullptr);
}

bool wait_readable(std::span<const int> fds, uint64_t timeout_ms) noexcept {
    std::vector<pollfd> waits;
    for (int fd : fds) waits.push_back({fd, POLLIN, 0});
    return ::poll(waits.data(), waits.size(), static_cast<int>(std::min<uint64_t>(timeout_ms, 60'000))) > 0;
}

}  // namespace inlay::os
