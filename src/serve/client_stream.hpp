// ClientStream: a client's end of a stream: receives its body into the ring, piece by piece, and sends it the response in parts.
//
// Two coroutines of one thread work on it: receive_body() fills the ring while there is room, and the lane's run answers what its
// guest asks. Either the guest runs, and its own time with it, or it waits for the client, whose time to move (the stall timeout)
// runs then: never both.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <span>

#include "run/outcome.hpp"
#include "serve/body_receiver.hpp"
#include "serve/content_reader.hpp"
#include "serve/reply_sender.hpp"
#include "serve/stream_ring.hpp"

namespace inlay::serve {

class Lane;

class ClientStream {
  public:
    // What it works on, all of the connection's.
    struct Ends {
        boost::asio::ip::tcp::socket& socket;
        Deadlines::Entry& waiting;
        ReplySender& sender;
        Arrived& arrived;
    };
    // `owner`: whose pages the ring may be, see BodyMemory. Errors: body_too_large, overloaded, io_error.
    static Result<std::unique_ptr<ClientStream>> create(Worker& worker, Ends ends, const RequestHead& head, std::string_view owner);
    ClientStream(const ClientStream&) = delete;
    ClientStream& operator=(const ClientStream&) = delete;

    // ---- The body ----

    const std::shared_ptr<const os::Pages>& ring() const { return ring_pages_; }
    // Receives until it is cancelled, which is when the run has ended. Afterwards arrived.used is past what lay in the buffer.
    boost::asio::awaitable<void> receive_body();
    // The whole request has come.
    bool body_ended() const { return source_ended_ && !failure_; }
    // What ended the stream early, if the guest was told of it.
    std::optional<Error> told_failure() const;
    uint64_t copied() const { return content_.copied(); }

    // ---- What the guest in the lane does ----

    void begin(Lane& lane);
    void end() { lane_ = nullptr; }
    // It wants the next piece. False: it may not.
    bool ask();
    // Sends a part of the response, the head before the first. False: the client is gone or too slow, or it cannot be sent.
    boost::asio::awaitable<bool> send(run::Response part);

    // ---- The response's end ----

    bool began() const { return began_; }
    // Sends the end of a response that is complete.
    boost::asio::awaitable<void> finish();
    // Shows the client that it is not.
    void cut();
    // The client has been sent all of the response.
    bool finished() const { return finished_; }
    bool keeps_open() const { return options_.keep_open && body_ended(); }

  private:
    ClientStream(Worker& worker, Ends ends, const RequestHead& head, BodyMemory::Room room);

    boost::asio::awaitable<Result<>> receive_all();
    void tell();
    std::vector<run::Piece> framed(std::vector<run::Piece> content) const;

    Worker& worker_;
    Ends ends_;
    std::span<char> ring_bytes_;
    std::shared_ptr<const os::Pages> ring_pages_;
    StreamRing ring_;
    ContentReader content_;                // Without a time limit: it receives only while the guest waits.
    boost::asio::steady_timer has_room_;   // Cancelled when there may be room in the ring again.
    Lane* lane_ = nullptr;                 // While a guest runs in it.
    bool source_ended_ = false;
    bool end_told_ = false;
    std::optional<Error> failure_;
    SendOptions options_;
    bool began_ = false;
    bool broken_ = false;                  // The response cannot go on.
    bool told_broken_ = false;
    bool finished_ = false;
};

}  // namespace inlay::serve
