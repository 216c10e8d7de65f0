// Receives a request's content into the place where the guest will see it.
//
// Content below the map threshold stays in the connection's buffer, behind the head. From there on it is received straight into
// the pages of a memfd; what came in one segment with the head, or in small chunks, is copied there, counted.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <string_view>

#include "run/request.hpp"
#include "serve/content_behind.hpp"
#include "serve/content_reader.hpp"

namespace inlay::serve {

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

    // Receives all of it. Afterwards arrived.used is past what of it lay in the buffer. A body that is too large for memory, and that
    // `behind` has only to store, has no pages afterwards. Errors: body_too_large, overloaded, bad_request (framing, or the client is
    // gone), request_timeout, and those of `behind`. Requires: this ends after the body's commit.
    boost::asio::awaitable<Result<run::Body>> receive(const RequestHead& head, ContentBehind& behind);

  private:
    boost::asio::awaitable<Result<run::Body>> receive_small(ContentReader& content, size_t length);
    boost::asio::awaitable<Result<run::Body>> receive_in_pages(ContentReader& content, const RequestHead& head, ContentBehind& behind);
    boost::asio::awaitable<Result<run::Body>> finish(uint64_t received, uint64_t ring_bytes, ContentBehind& behind);
    uint64_t capacity() const { return room_ ? room_->capacity : 0; }
    uint64_t ring_bytes_of(const RequestHead& head) const;
    Result<> grow(uint64_t bytes, const RequestHead& head);

    Worker& worker_;
    boost::asio::ip::tcp::socket& socket_;
    Deadlines::Entry& waiting_;
    Arrived& arrived_;
    std::string_view owner_;
    BodyMemory::Room room_{nullptr, {}};
};

}  // namespace inlay::serve
