// recv, with and without chunks.
#include "serve/content_reader.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/limits.hpp"
#include "os/socket.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

}  // namespace

ContentReader::ContentReader(Worker& worker, asio::ip::tcp::socket& socket, Deadlines::Entry* waiting, Arrived& arrived,
                             const RequestHead& head, uint64_t bytes_max)
    : worker_(worker),
      socket_(socket),
      waiting_(waiting),
      arrived_(arrived),
      head_end_(arrived.used),
      chunked_(head.chunked),
      decoder_(bytes_max),
      left_(head.content_length.value_or(0)) {}

asio::awaitable<Result<uint64_t>> ContentReader::next_run() {
    if (!chunked_) co_return run_ = left_;
    for (;;) {
        auto step = decoder_.next(arrived());
        arrived_.used += step.framing;
        if (step.kind == ChunkStep::Kind::done) co_return uint64_t{0};
        if (step.kind == ChunkStep::Kind::error) co_return Error{step.code, std::string(step.detail)};
        if (step.kind == ChunkStep::Kind::content) co_return run_ = step.remaining;
        arrived_.used = arrived_.end = head_end_;  // Framing leaves nothing behind: its room is used again.
        // What is framing, as far as can be told: few content bytes come with it.
        auto got = co_await receive_some(arrived_.buffer.subspan(head_end_, decoder_.framing_guess()), {});
        if (!got.ok()) co_return std::move(got).error();
        arrived_.end += *got;
    }
}

asio::awaitable<Result<size_t>> ContentReader::receive(std::span<char> room) {
    size_t taken = std::min(room.size(), arrived().size());
    if (taken > 0) {
        std::memcpy(room.data(), arrived().data(), taken);  // COPY: body_head, came with the head or a chunk's line
        arrived_.used += taken;
        copied_ += taken;
        took(taken);
        co_return taken;
    }
    arrived_.used = arrived_.end = head_end_;
    auto behind = arrived_.buffer.subspan(head_end_, chunked_ && room.size() == run_ ? decoder_.framing_guess() : 0);
    // A long body wakes us only for many bytes at once. Not where somebody works on each piece as it comes.
    bool is_long = !chunked_ && waiting_ && !is_slow_ && left_ >= kReceiveMarkBytes;
    set_mark(is_long && (mark_ > 1 || left_ >= 2 * kReceiveMarkBytes) ? kReceiveMarkBytes : 1);
    auto got = co_await receive_some(room, behind);
    bool late = !got.ok() && got.error().code == Errc::request_timeout;
    if (late && mark_ > 1) got = receive_below_mark(room, std::move(got).error());
    if (!got.ok()) co_return got;
    taken = std::min(*got, room.size());
    arrived_.end += *got - taken;
    took(taken);
    co_return taken;
}

asio::awaitable<Result<>> ContentReader::receive_in_buffer(size_t bytes) {
    while (arrived().size() < bytes) {
        // No byte of the next request: its body may belong into pages.
        auto got = co_await receive_some(arrived_.buffer.subspan(arrived_.end, bytes - arrived().size()), {});
        if (!got.ok()) co_return std::move(got).error();
        arrived_.end += *got;
    }
    co_return Result<>();
}

// Receives into `first`, then `second`: at least one byte.
asio::awaitable<Result<size_t>> ContentReader::receive_some(std::span<char> first, std::span<char> second) {
    if (waiting_) worker_.deadlines().expect(*waiting_, worker_.settings().stall_timeout_ms);
    std::array<asio::mutable_buffer, 2> parts{asio::buffer(first.data(), first.size()), asio::buffer(second.data(), second.size())};
    auto [error, got] = co_await socket_.async_read_some(parts, kAwait);
    if (waiting_) worker_.deadlines().expect(*waiting_, Deadlines::kNever);
    if (error == asio::error::operation_aborted) co_return Error{Errc::request_timeout, "no byte of the body came for too long"};
    if (error) co_return Error{Errc::bad_request, "the connection ended inside the request's body"};
    worker_.counters().add(Counter::bytes_received, got);
    co_return got;
}

// Nothing woke us for too long. What has come below the mark is progress; from now on every byte wakes us.
Result<size_t> ContentReader::receive_below_mark(std::span<char> room, Error late) {
    is_slow_ = true;
    auto step = os::receive(socket_.native_handle(), room);
    if (step.state != os::SocketState::progress) return late;
    worker_.counters().add(Counter::bytes_received, step.bytes);
    return step.bytes;
}

void ContentReader::set_mark(size_t bytes) {
    if (bytes != std::exchange(mark_, bytes)) os::set_receive_mark(socket_.native_handle(), bytes);
}

void ContentReader::took(uint64_t bytes) {
    if (chunked_)
        decoder_.took(bytes);
    else
        left_ -= bytes;
}

}  // namespace inlay::serve
