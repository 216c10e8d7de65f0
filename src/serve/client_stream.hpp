// ClientStream: a client's end of a stream: its body comes through a ring of pages, the response leaves in parts.
//
// A guest on a fiber works on it directly: what has come is received inside of its call, what it sends leaves inside of its call,
// and when there is nothing to receive or no room to send, the guest waits and wait() is awaited. While the guest waits, the client's
// time to move runs (serve/pace.hpp), and not the guest's. For a guest in a lane serve/lane_stream.hpp works on it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <optional>
#include <span>

#include "run/stream.hpp"
#include "serve/body_receiver.hpp"
#include "serve/content_reader.hpp"
#include "serve/reply_sender.hpp"

namespace inlay::serve {

class ClientStream final : public run::Stream {
  public:
    // What it works on, all of the connection's.
    struct Ends {
        boost::asio::ip::tcp::socket& socket;
        Deadlines::Entry& waiting;
        ReplySender& sender;
        Arrived& arrived;
        bool keep_open;  // Behind the response.
    };
    // Errors: body_too_large, overloaded, io_error.
    static Result<std::unique_ptr<ClientStream>> create(Worker& worker, Ends ends, const RequestHead& head);
    ~ClientStream() override;
    ClientStream(const ClientStream&) = delete;
    ClientStream& operator=(const ClientStream&) = delete;

    // ---- The body ----

    const std::shared_ptr<const os::Pages>& ring() const override { return ring_pages_; }
    std::span<char> ring_bytes() { return ring_bytes_; }
    ContentReader& content() { return content_; }
    uint64_t copied() const { return content_.copied(); }
    // From now on the guest waits for the body: the client's time runs, until end_wait(). False: it was too slow.
    void begin_wait();
    bool end_wait();
    std::optional<Result<run::RingPiece>> receive() override;
    // So many bytes of it are in the ring.
    void note_received(uint64_t bytes) { worker_.counters().add(Counter::stream_bytes_received, bytes); }
    // It has ended, with this error if it has ended early; the guest may know.
    void end_body(std::optional<Error> failure, bool is_told);
    // The whole request has come, whether or not the guest has asked for its end.
    bool body_ended();
    // What ended the stream early, if the guest was told of it.
    std::optional<Error> told_failure() const;

    // ---- The response ----

    std::optional<Result<>> send(const run::Response& part) override;
    // Begins to send a part, the head before the first. True: sent. False: the client is gone or too slow, or it cannot be sent;
    // the guest is told. nullopt: the rest is for send_rest().
    std::optional<bool> try_send(const run::Response& part);
    boost::asio::awaitable<bool> send_rest();
    bool began() const { return began_; }
    // Sends the end of a response that is complete, and with it what it has cost, where the client has asked and chunks can tell.
    boost::asio::awaitable<void> finish(const run::Cost& cost);
    // Shows the client that it is not.
    void cut();
    // The client has been sent all of the response.
    bool finished() const { return finished_; }
    bool keeps_open() { return options_.keep_open && body_ended(); }

    // Whether the guest waits for the client, for everybody to see.
    void note_waiting(bool waits);
    // Waits for what receive() or send() did not have. Afterwards it is called again.
    boost::asio::awaitable<void> wait();

  private:
    ClientStream(Worker& worker, Ends ends, const RequestHead& head, BodyMemory::Room room);

    std::vector<run::Piece> framed(std::vector<run::Piece> content, uint64_t bytes) const;
    void note_sent(bool sent);
    boost::asio::awaitable<void> wait_for_body();

    Worker& worker_;
    Ends ends_;
    std::span<char> ring_bytes_;
    uint64_t used_bytes_ = 0;     // Of the ring, from its start; the rest is zero.
    std::shared_ptr<const os::Pages> ring_pages_;
    ContentReader content_;       // Without a time limit: it receives only while the guest waits.
    bool body_ended_ = false;
    std::optional<Error> failure_;
    bool failure_told_ = false;
    SendOptions options_;
    const bool tells_cost_;       // In a trailer field: it is known at the end.
    Reply part_;                  // That is being sent.
    uint64_t part_bytes_ = 0;     // Of it, without framing.
    bool is_waiting_ = false;
    Pace pace_;                   // Of the body.
    uint64_t wait_began_ms_ = 0;
    uint64_t seen_bytes_ = 0;     // Of the body, at the last look.
    bool is_sending_ = false;     // A guest waits for the rest of it.
    bool began_ = false;
    bool broken_ = false;         // The response cannot go on, and the guest knows.
    bool finished_ = false;
};

}  // namespace inlay::serve
