// Sends a reply: its head from a small buffer, its content from the pages where it lies.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "base/limits.hpp"
#include "os/socket.hpp"
#include "serve/deadlines.hpp"
#include "serve/reply.hpp"
#include "serve/worker.hpp"

namespace inlay::serve {

struct SendOptions {
    bool keep_open = true;
    bool says_keep_alive = false;   // HTTP/1.0 clients wait for the word.
    bool is_head = false;           // The request was a HEAD: no content follows.
    std::string_view date_field;
};

// The counter of a status' class.
Counter class_counter(unsigned status);

// One per connection.
class ReplySender {
  public:
    ReplySender(Worker& worker, boost::asio::ip::tcp::socket& socket, Deadlines::Entry& waiting)
        : worker_(worker), socket_(socket), waiting_(waiting) {}

    // Begins to send, without waiting: most replies are gone with that. True: sent. False: as for send_rest(). nullopt: the
    // rest is for send_rest(). Valid until: `reply` ends.
    std::optional<bool> try_send(const Reply& reply, const SendOptions& options);
    // False: the client is gone, or did not read for too long; the connection is of no use any more.
    boost::asio::awaitable<bool> send_rest();

  private:
    // What is left of the head and of inline content behind it.
    struct Bytes {
        std::string_view first, second;
        bool more = false;  // Other content follows at once.
        bool empty() const { return first.empty() && second.empty(); }
    };

    os::SocketState send_some(Bytes& bytes);
    boost::asio::awaitable<bool> send_bytes(Bytes bytes);
    boost::asio::awaitable<bool> send_range(os::FileRange range);
    void expect_progress();
    std::string_view write_head(const Reply& reply, const SendOptions& options);

    Worker& worker_;
    boost::asio::ip::tcp::socket& socket_;
    Deadlines::Entry& waiting_;
    Bytes begun_;
    std::span<const run::Piece> pieces_;  // Behind it.
    std::array<char, kResponseHeaderBytesMax + 2 * KiB> room_;  // For the head.
};

}  // namespace inlay::serve
