// Sends a reply: its head from a small buffer, its content from the pages where it lies.
//
// To a client on this machine content goes by sendmsg from a mapping, which is up to twice as fast as sendfile there; to others by
// sendfile, which a network card reads from in place; or one way for all (SendWay). Of a linked file, which may be written the
// moment after, only what the kernel copies is sent, and nothing once it is lost. Content on a disk is brought into memory first,
// aside.
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
#include "serve/pace.hpp"
#include "serve/reply.hpp"
#include "serve/worker.hpp"

namespace inlay::serve {

// How the client learns where the content ends.
enum class Framing {
    length,
    chunked,      // The chunks' lines are in the content.
    until_close,
};

struct SendOptions {
    bool keep_open = true;
    bool says_keep_alive = false;   // HTTP/1.0 clients wait for the word.
    bool is_head = false;           // The request was a HEAD: no content follows.
    std::string_view date_field;
    Framing framing = Framing::length;  // Any other: it is sent in parts, and pages in memory are written again after each.
};

// The counter of a status' class.
Counter class_counter(unsigned status);

// One per connection.
class ReplySender {
  public:
    ReplySender(Worker& worker, boost::asio::ip::tcp::socket& socket, Deadlines::Entry& waiting)
        : worker_(worker),
          socket_(socket),
          waiting_(waiting),
          pace_(worker.settings().clients.stall_timeout_ms, worker.settings().clients.rate_min) {}

    // Begins to send, without waiting: most replies are gone with that. True: sent. False: as for send_rest(). nullopt: the
    // rest is for send_rest(). Valid until: `reply` ends.
    std::optional<bool> try_send(const Reply& reply, const SendOptions& options);
    // The same for content that goes on behind what has been sent.
    std::optional<bool> try_send_more(std::span<const run::Piece> content);
    // False: the client is gone, or reads too slowly; the connection is of no use any more.
    boost::asio::awaitable<bool> send_rest();

  private:
    boost::asio::awaitable<bool> wait_for_client();
    uint64_t taken_by_client() const;
    bool all_sent() const { return head_.empty() && pieces_.empty(); }
    os::SocketStep send_some();
    os::SocketStep send_file();
    std::string_view next_part(const run::Piece& piece, uint64_t offset, uint64_t bytes_max);
    bool goes_by_file(const run::Piece& piece);
    bool sends_by_file();
    void cork(bool on);
    bool is_warm();
    boost::asio::awaitable<void> warm_up();
    void sent(size_t bytes);
    std::string_view write_head(const Reply& reply, const SendOptions& options);

    Worker& worker_;
    boost::asio::ip::tcp::socket& socket_;
    Deadlines::Entry& waiting_;
    // What is left to send: of the head, then of the content, whose first piece has been sent up to `begun_`.
    std::string_view head_;
    std::span<const run::Piece> pieces_;
    uint64_t begun_ = 0;
    uint64_t warm_ = 0;  // The first piece is in memory up to here.
    Pace pace_;
    uint64_t handed_over_ = 0;  // To the kernel.
    uint64_t taken_ = 0;        // Of that by the client, at the last look,
    bool looked_ = false;       // if there was one for this reply.
    std::optional<bool> peer_is_near_;
    bool corked_ = false;
    bool in_parts_ = false;
    std::array<char, kResponseHeaderBytesMax + 2 * KiB> room_;  // For the head.
};

}  // namespace inlay::serve
