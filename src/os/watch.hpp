// Watch: hears from the kernel (inotify) that something in chosen directories has changed; and what else one waits for beside that.
//
// It does not say what has changed: who wants to know compares what there is with what there was, which is right also where events
// were lost, or files went and came back under their names.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace inlay::os {

class Watch {
  public:
    // Errors: io_error, also when this user has no more of them (fs.inotify.max_user_instances).
    static Result<Watch> create();

    // Watches entries of this directory, not those of directories in it. One that is watched already stays so.
    // Errors: io_error, also when this user has no more watches (fs.inotify.max_user_watches).
    Result<> add(const std::string& directory);

    // Can be read when something has changed.
    int fd() const noexcept { return fd_.get(); }
    // Takes what there is to read. Whether there was anything.
    bool take() noexcept;

  private:
    explicit Watch(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
};

// From now on these signals interrupt this process's only thread no more: the descriptor can be read when one has come, and stays so, whoever else
// has handlers for them meanwhile. Children that are started get them as ever.
Result<Fd> hold_signals(std::span<const int> numbers);
// One of them that has come; nullopt: none has.
std::optional<int> take_signal(int held) noexcept;
// It ends or interrupts again, as if nobody had ever held it.
void let_signal_through(int number) noexcept;

// Waits until one of these can be read or has come to its end, a signal comes, or the time is over; negative ones are passed over.
// False: it was none of the descriptors.
bool wait_readable(std::span<const int> fds, uint64_t timeout_ms) noexcept;

}  // namespace inlay::os
