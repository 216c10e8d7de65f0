// Moving bytes between a TCP socket and pages, without buffers between them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.hpp"
#include "os/file_range.hpp"

namespace inlay::os {

enum class SocketState { progress, would_block, closed, failed };

struct SocketStep {
    SocketState state = SocketState::progress;
    size_t bytes = 0;  // Moved by this call.
};

// Receives what has come, into at most this room. closed: the peer has ended its side.
SocketStep receive(int socket, std::span<char> room) noexcept;
// The same with a second room behind the first.
SocketStep receive(int socket, std::span<char> first, std::span<char> second) noexcept;

// Sends the pieces one after the other, at most 64 in one call. progress with bytes 0: memory behind them is gone. `more`: other
// bytes of the same response follow at once.
SocketStep send_pieces(int socket, std::span<const std::string_view> pieces, bool more) noexcept;

// Sends from the pages of a file; `range` is what is left to send. bytes 0 with progress: the file ended early.
SocketStep send_file(int socket, const FileRange& range) noexcept;

// While it is on, only whole segments leave (TCP_CORK): what several calls send goes as one.
void set_cork(int socket, bool on) noexcept;

// The socket counts as readable only when so many bytes have come, or its end. More than what is still to come: it never is.
void set_receive_mark(int socket, size_t bytes) noexcept;

// Whether the peer is on this machine, so that what is sent is read by a processor of ours.
bool peer_is_near(int socket) noexcept;

// Of what was sent, the bytes that the peer has not acknowledged.
size_t untaken_bytes(int socket) noexcept;

// Small answers leave at once instead of waiting for company (TCP_NODELAY).
void set_no_delay(int socket) noexcept;
// Closing it will not wait for anything to be sent, whatever was set before. Nothing where it is no socket.
void forget_linger(int fd) noexcept;
Result<bool> is_ipv6_socket(int socket);

}  // namespace inlay::os
