// Moves messages between the loop and a worker's channels.
#include "control/worker_life.hpp"

#include <csignal>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "os/file.hpp"
#include "os/process.hpp"
#include "os/socket.hpp"

namespace inlay::control {
namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

WorkerLife::WorkerLife(asio::io_context& loop, os::Channel lookups, os::Channel control)
    : lookups_(std::move(lookups)),
      control_(std::move(control)),
      lookups_readable_(loop, os::duplicate(lookups_.fd()).release()),
      control_readable_(loop, os::duplicate(control_.fd()).release()),
      control_writable_(loop, os::duplicate(control_.fd()).release()) {
    INLAY_CHECK(lookups_.set_blocking(false).ok() && control_.set_blocking(false).ok());
}

void WorkerLife::listen(OnMessage on_lookup, OnMessage on_call) {
    on_lookup_ = std::move(on_lookup);
    on_call_ = std::move(on_call);
    watch(lookups_readable_, lookups_, on_lookup_);
    watch(control_readable_, control_, on_call_);
}

void WorkerLife::watch(Descriptor& readable, const os::Channel& channel, const OnMessage& on_message) {
    readable.async_wait(Descriptor::wait_read, [self = shared_from_this(), &readable, &channel, &on_message](auto error) {
        if (error || self->ended_) return;
        for (unsigned answered = 0; answered < kMessagesAtOnce; answered++) {
            auto received = channel.receive(self->received_);
            if (received.ok() && *received == os::Transfer::would_block) break;
            if (received.ok() && *received == os::Transfer::closed) return;  // Its exit is reported apart.
            if (!received.ok()) {
                spdlog::error("channel of worker {}: {}; ending the worker", self->pid, received.error().detail);
                return os::send_signal(self->pid, SIGKILL);
            }
            // Closing a socket that lingers would hold us up.
            for (const auto& fd : self->received_.fds) os::forget_linger(fd.get());
            on_message(self, self->received_);
            if (self->ended_) return;
        }
        self->watch(readable, channel, on_message);
    });
}

void WorkerLife::answer_lookup(const std::string& bytes, const std::vector<int>& fds) {
    if (ended_) return;
    auto sent = lookups_.send(bytes, fds);
    if (!sent.ok() || *sent != os::Transfer::done) spdlog::warn("worker {} does not take its look-ups' answers", pid);
}

void WorkerLife::answer_call(std::string bytes, os::Fd fd) {
    if (ended_) return;
    if (outbox_.size() >= kControlCallsMax) {
        spdlog::error("worker {} does not take its answers; ending it", pid);
        return os::send_signal(pid, SIGKILL);
    }
    outbox_.push_back({std::move(bytes), std::move(fd)});
    flush();
}

void WorkerLife::flush() {
    while (!outbox_.empty()) {
        auto& next = outbox_.front();
        std::vector<int> fds;
        if (next.fd) fds.push_back(next.fd.get());
        auto sent = control_.send(next.bytes, fds);
        if (!sent.ok() || *sent == os::Transfer::closed) return outbox_.clear();
        if (*sent == os::Transfer::would_block) break;
        outbox_.pop_front();
    }
    if (outbox_.empty() || writable_watched_) return;
    writable_watched_ = true;
    control_writable_.async_wait(Descriptor::wait_write, [self = shared_from_this()](auto error) {
        self->writable_watched_ = false;
        if (!error && !self->ended_) self->flush();
    });
}

void WorkerLife::end() {
    ended_ = true;
    boost::system::error_code ignored;
    lookups_readable_.close(ignored);
    control_readable_.close(ignored);
    control_writable_.close(ignored);
    outbox_.clear();
}

}  // namespace inlay::control
