// Channel: one end of a connection between two of our processes; whole messages with descriptors, in order.
//
// A message is at most kMessageBytesMax bytes and kMessageFdsMax descriptors (SOCK_SEQPACKET + SCM_RIGHTS). Larger content
// travels as a memfd.
#pragma once

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace inlay::os {

struct Message {
    std::string_view bytes;  // Valid until: the next message is received into this one.
    std::vector<Fd> fds;
    bool fds_lost = false;  // Some did not arrive: this process has no descriptors left.
    std::unique_ptr<char[]> room;  // Of kMessageBytesMax, from the first message on.
};

enum class Transfer { done, would_block, closed };

class Channel {
  public:
    explicit Channel(Fd socket) : socket_(std::move(socket)) {}
    static Result<std::pair<Channel, Channel>> create_pair();

    int fd() const { return socket_.get(); }
    Fd release() { return std::move(socket_); }

    // Neither blocks when the socket is non-blocking. Other failures than a gone peer are Errors.
    Result<Transfer> send(std::string_view bytes, const std::vector<int>& fds) const;
    Result<Transfer> receive(Message& into) const;

    Result<> set_blocking(bool blocking) const;
    // Waits until a message can be received. False: the time is over.
    Result<bool> wait_readable(int timeout_ms) const;

  private:
    Fd socket_;
};

}  // namespace inlay::os
