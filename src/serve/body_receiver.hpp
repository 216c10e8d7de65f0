// Receives a request's content into the place where the guest will see it.
//
// Content below the map threshold stays in the connection's buffer, behind the head. From there on it is received straight into
// the pages of a memfd; what came in one segment with the head, or in small chunks, is copied there, counted.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <span>

#include "run/request.hpp"
#include "serve/request_head.hpp"
#include "serve/worker.hpp"

namespace inlay::serve {

// The connection's buffer while a body is received: [0, used) is the head and stays; [used, end) has arrived.
struct Arrived {
    std::span<char> buffer;
    size_t used = 0;
    size_t end = 0;
};

// Asks a client for its content that waits to be asked. Errors: bad_request (the client is gone).
boost::asio::awaitable<Result<>> continue_if_expected(Worker& worker, boost::asio::ip::tcp::socket& socket, Deadlines::Entry& waiting,
                                                      const RequestHead& head, const Arrived& arrived);

class BodyReceiver {
  public:
    // `owner`: whose pages the content may be received into, see BodyMemory.
    BodyReceiver(Worker& worker, boost::asio::ip::tcp::socket& socket, Deadlines::Entry& waiting, Arrived& arrived, std::string_view owner)
        : worker_(worker), socket_(socket), waiting_(waiting), arrived_(arrived), owner_(owner) {}
    BodyReceiver(const BodyReceiver&) = delete;
    BodyReceiver& operator=(const BodyReceiver&) = delete;

    // Receives all of it. Afterwards arrived.used is past what of it lay in the buffer. Errors: body_too_large, overloaded, bad_request (framing, or the client is gone), request_timeout.
    boost::asio::awaitable<Result<run::Body>> receive(const RequestHead& head);

  private:
    boost::asio::awaitable<Result<run::Body>> receive_small(size_t length);
    boost::asio::awaitable<Result<run::Body>> receive_sized(uint64_t length);
    boost::asio::awaitable<Result<run::Body>> receive_chunked();
    boost::asio::awaitable<Result<size_t>> receive_some(std::span<char> first, std::span<char> second);
    boost::asio::awaitable<Result<>> receive_framing(size_t bytes);
    uint64_t capacity() const { return room_ ? room_->capacity : 0; }
    uint64_t roomy_size() const;
    Result<> grow(uint64_t content_bytes);
    run::Body finish(uint64_t size);
    std::span<char> room_from(uint64_t offset, uint64_t bytes_max) const;
    uint64_t take_arrived(uint64_t at, uint64_t wanted);
    std::string_view arrived() const { return {arrived_.buffer.data() + arrived_.used, arrived_.end - arrived_.used}; }

    Worker& worker_;
    boost::asio::ip::tcp::socket& socket_;
    Deadlines::Entry& waiting_;
    Arrived& arrived_;
    std::string_view owner_;
    BodyMemory::Room room_{nullptr, {}};
    uint64_t copied_ = 0;
};

}  // namespace inlay::serve
