// sendmsg and recvmsg with descriptors.
#include "os/channel.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "base/limits.hpp"

namespace inlay::os {
namespace {

constexpr size_t kControlBytes = CMSG_SPACE(sizeof(int) * kMessageFdsMax);

void take_fds(msghdr& header, std::vector<Fd>& into) {
    for (cmsghdr* item = CMSG_FIRSTHDR(&header); item; item = CMSG_NXTHDR(&header, item)) {
        if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) continue;
        size_t count = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            std::memcpy(&fd, CMSG_DATA(item) + i * sizeof(int), sizeof fd);
            into.emplace_back(fd);
        }
    }
}

}  // namespace

Result<std::pair<Channel, Channel>> Channel::create_pair() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return os_error("socketpair");
    for (int end : ends) {
        int bytes = static_cast<int>(4 * kMessageBytesMax);
        ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    }
    return std::pair{Channel(Fd(ends[0])), Channel(Fd(ends[1]))};
}

Result<Transfer> Channel::send(std::string_view bytes, const std::vector<int>& fds) const {
    INLAY_CHECK(bytes.size() <= kMessageBytesMax && fds.size() <= kMessageFdsMax);
    iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, kControlBytes> control;
    if (!fds.empty()) {
        header.msg_control = control.data();
        header.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
        cmsghdr* item = CMSG_FIRSTHDR(&header);
        item->cmsg_level = SOL_SOCKET;
        item->cmsg_type = SCM_RIGHTS;
        item->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
        std::memcpy(CMSG_DATA(item), fds.data(), sizeof(int) * fds.size());
    }
    for (;;) {
        ssize_t n = ::sendmsg(socket_.get(), &header, MSG_NOSIGNAL);
        if (n >= 0) return Transfer::done;
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) return Transfer::would_block;
        if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN) return Transfer::closed;
        return os_error("send to another process");
    }
}

Result<Transfer> Channel::receive(Message& into) const {
    into.fds.clear();
    if (!into.room) into.room = std::make_unique_for_overwrite<char[]>(kMessageBytesMax);
    iovec part{into.room.get(), kMessageBytesMax};
    alignas(cmsghdr) std::array<char, kControlBytes> control;
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    for (;;) {
        ssize_t n = ::recvmsg(socket_.get(), &header, MSG_CMSG_CLOEXEC);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Transfer::would_block;
        if (n < 0 && errno == ECONNRESET) return Transfer::closed;
        if (n < 0) return os_error("receive from another process");
        take_fds(header, into.fds);
        if (n == 0) return Transfer::closed;
        if (header.msg_flags & MSG_TRUNC) return Error{Errc::internal, "a message between our processes was cut"};
        into.fds_lost = (header.msg_flags & MSG_CTRUNC) != 0;
        into.bytes = {into.room.get(), static_cast<size_t>(n)};
        return Transfer::done;
    }
}

Result<> Channel::set_blocking(bool blocking) const {
    int flags = ::fcntl(socket_.get(), F_GETFL);
    if (flags < 0 || ::fcntl(socket_.get(), F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK) != 0)
        return os_error("fcntl");
    return {};
}

Result<bool> Channel::wait_readable(int timeout_ms) const {
    pollfd wanted{socket_.get(), POLLIN, 0};
    for (;;) {
        int n = ::poll(&wanted, 1, timeout_ms);
        if (n >= 0) return n > 0;
        if (errno != EINTR) return os_error("poll");
    }
}

}  // namespace inlay::os
