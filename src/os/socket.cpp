// recvmsg, sendmsg and sendfile for TCP.
#include "os/socket.hpp"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "base/limits.hpp"

namespace inlay::os {
namespace {

constexpr size_t kPiecesPerCall = 64;

SocketStep outcome_of(ssize_t n) {
    if (n > 0) return {SocketState::progress, static_cast<size_t>(n)};
    if (n == 0) return {SocketState::closed, 0};
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {SocketState::would_block, 0};
    if (errno == EPIPE || errno == ECONNRESET) return {SocketState::closed, 0};
    return {SocketState::failed, 0};
}

}  // namespace

SocketStep receive(int socket, std::span<char> room) noexcept {
    ssize_t n;
    do n = ::recv(socket, room.data(), room.size(), 0);
    while (n < 0 && errno == EINTR);
    if (n == 0) return {SocketState::closed, 0};
    return outcome_of(n);
}

SocketStep receive(int socket, std::span<char> first, std::span<char> second) noexcept {
    if (second.empty()) return receive(socket, first);
    iovec parts[] = {{first.data(), first.size()}, {second.data(), second.size()}};
    msghdr header{};
    header.msg_iov = parts;
    header.msg_iovlen = std::size(parts);
    ssize_t n;
    do n = ::recvmsg(socket, &header, 0);
    while (n < 0 && errno == EINTR);
    return outcome_of(n);
}

SocketStep send_pieces(int socket, std::span<const std::string_view> pieces, bool more) noexcept {
    std::array<iovec, kPiecesPerCall> parts;
    size_t count = std::min(pieces.size(), kPiecesPerCall);
    for (size_t i = 0; i < count; i++) parts[i] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};
    msghdr header{};
    header.msg_iov = parts.data();
    header.msg_iovlen = count;
    ssize_t n;
    do n = ::sendmsg(socket, &header, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EFAULT) return {SocketState::progress, 0};
    return outcome_of(n);
}

SocketStep send_file(int socket, const FileRange& range) noexcept {
    off_t offset = static_cast<off_t>(range.offset);
    ssize_t n;
    do n = ::sendfile(socket, range.fd, &offset, std::min<uint64_t>(range.length, kSendStepBytes));
    while (n < 0 && errno == EINTR);
    if (n == 0) return {SocketState::progress, 0};
    return outcome_of(n);
}

void set_cork(int socket, bool on) noexcept {
    int value = on;
    ::setsockopt(socket, IPPROTO_TCP, TCP_CORK, &value, sizeof value);
}

void set_receive_mark(int socket, size_t bytes) noexcept {
    int mark = static_cast<int>(bytes);
    ::setsockopt(socket, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof mark);
}

bool peer_is_near(int socket) noexcept {
    sockaddr_storage ours{}, theirs{};
    socklen_t our_length = sizeof ours, their_length = sizeof theirs;
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&ours), &our_length) != 0) return false;
    if (::getpeername(socket, reinterpret_cast<sockaddr*>(&theirs), &their_length) != 0) return false;
    if (ours.ss_family == AF_INET)
        return reinterpret_cast<sockaddr_in&>(ours).sin_addr.s_addr == reinterpret_cast<sockaddr_in&>(theirs).sin_addr.s_addr;
    return std::memcmp(&reinterpret_cast<sockaddr_in6&>(ours).sin6_addr, &reinterpret_cast<sockaddr_in6&>(theirs).sin6_addr,
                       sizeof(in6_addr)) == 0;
}

size_t untaken_bytes(int socket) noexcept {
    int bytes = 0;
    return ::ioctl(socket, SIOCOUTQ, &bytes) == 0 ? static_cast<size_t>(bytes) : 0;
}

void set_no_delay(int socket) noexcept {
    int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void forget_linger(int fd) noexcept {
    const linger none{0, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

Result<bool> is_ipv6_socket(int socket) {
    int domain = 0;
    socklen_t length = sizeof domain;
    if (::getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &length) != 0) return os_error("getsockopt");
    return domain == AF_INET6;
}

}  // namespace inlay::os
