// ContentReader: a request's content, received straight to where it belongs, whichever way it is framed.
//
// What came in one segment with the head, or with a chunk's framing, lies in the connection's buffer and is copied from there, counted.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "serve/chunk_decoder.hpp"
#include "serve/pace.hpp"
#include "serve/request_head.hpp"
#include "serve/worker.hpp"

namespace inlay::serve {

// The connection's buffer while content is received: [0, used) is the head and stays; [used, end) has arrived.
struct Arrived {
    std::span<char> buffer;
    size_t used = 0;
    size_t end = 0;
};

// What can be done about content without waiting.
struct ContentStep {
    enum class Kind { received, nothing_yet, ended };
    Kind kind = Kind::received;
    uint64_t bytes = 0;  // Received.
};

Error body_too_slow();

class ContentReader {
  public:
    // `waiting`: what is due when it comes too slowly; nullptr: somebody else sees to that. `bytes_max`: of chunked content.
    ContentReader(Worker& worker, boost::asio::ip::tcp::socket& socket, Deadlines::Entry* waiting, Arrived& arrived,
                  const RequestHead& head, uint64_t bytes_max);
    ContentReader(const ContentReader&) = delete;
    ContentReader& operator=(const ContentReader&) = delete;
    ~ContentReader() { set_mark(1); }

    // How many bytes come next without framing between them. 0: the content has ended. Errors: body_too_large, bad_request
    // (framing, or the client is gone), request_timeout.
    boost::asio::awaitable<Result<uint64_t>> next_run();
    // Receives some of them, at least one. Requires: next_run() was the call before; room for one byte to that many.
    boost::asio::awaitable<Result<size_t>> receive(std::span<char> room);
    // The same at once: receives what has come of it, framing taken out, up to the room's end. Errors: body_too_large, bad_request.
    Result<ContentStep> try_receive(std::span<char> room);
    // Nothing of it is to come any more, as far as has arrived.
    bool has_ended();
    // Receives into the buffer until `bytes` of content have arrived there. Requires: it is not chunked, and has as many.
    boost::asio::awaitable<Result<>> receive_in_buffer(size_t bytes);

    std::string_view arrived() const { return {arrived_.buffer.data() + arrived_.used, arrived_.end - arrived_.used}; }
    uint64_t copied() const { return copied_; }
    // What of it has arrived, framing and all that came with it.
    uint64_t received() const { return received_; }

  private:
    boost::asio::awaitable<Result<size_t>> receive_some(std::span<char> first, std::span<char> second);
    std::optional<Result<uint64_t>> run_in_buffer();
    size_t take_arrived(std::span<char> room);
    std::span<char> framing_room(bool ends_run);
    Result<ContentStep> try_receive_part(std::span<char> room);
    Result<size_t> try_receive_some(std::span<char> first, std::span<char> second);
    size_t receive_late(std::span<char> room);
    void note_received(size_t bytes);
    void set_mark(size_t bytes);
    void took(uint64_t bytes);

    Worker& worker_;
    boost::asio::ip::tcp::socket& socket_;
    Deadlines::Entry* waiting_;
    Arrived& arrived_;
    const size_t head_end_;
    const bool chunked_;
    ChunkDecoder decoder_;
    uint64_t left_;         // Of content whose length is known.
    uint64_t run_ = 0;      // What next_run() gave.
    uint64_t copied_ = 0;
    size_t mark_ = 1;       // How many bytes wake us.
    bool is_slow_ = false;  // The client needed too long for one mark.
    uint64_t received_ = 0;
    Pace pace_;
};

}  // namespace inlay::serve
