// recv into pages, for both kinds of framing.
#include "serve/body_receiver.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/limits.hpp"
#include "os/socket.hpp"
#include "serve/chunk_decoder.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr uint64_t kFirstChunkedBytes = 256 * KiB;  // Pages for a body of unknown length; doubled as it grows.

// Has a socket wake us for many bytes at once, while many are to come.
class ReceiveMark {
  public:
    explicit ReceiveMark(int socket) : socket_(socket) {}
    ~ReceiveMark() { set(1); }

    // Before `bytes` more are received.
    void wait_for(uint64_t bytes) {
        if (mark_ > 1 || bytes >= 2 * kReceiveMarkBytes) set(slow_ || bytes < kReceiveMarkBytes ? 1 : kReceiveMarkBytes);
    }
    // Nothing woke us for too long. What has come below the mark is progress; from now on every byte wakes us.
    Result<size_t> receive_below(std::span<char> room, Error late) {
        slow_ = true;
        auto step = os::receive(socket_, room);
        if (step.state != os::SocketState::progress) return late;
        return step.bytes;
    }

  private:
    void set(size_t mark) {
        if (mark != std::exchange(mark_, mark)) os::set_receive_mark(socket_, mark);
    }

    int socket_;
    size_t mark_ = 1;
    bool slow_ = false;
};

Error too_large(uint64_t max) {
    return Error{Errc::body_too_large, fmt::format("the body has more than {} bytes (max_body)", max)};
}

}  // namespace

asio::awaitable<Result<run::Body>> BodyReceiver::receive(const RequestHead& head) {
    uint64_t max = worker_.settings().max_body;
    if (head.content_length && *head.content_length > max) co_return too_large(max);
    bool empty = !head.chunked && head.content_length.value_or(0) == 0;
    if (empty) co_return run::Body{};
    auto told = co_await continue_if_expected(worker_, socket_, waiting_, head, arrived_);
    if (!told.ok()) co_return std::move(told).error();
    if (head.chunked) co_return co_await receive_chunked();
    if (*head.content_length < kMapThresholdBytes) co_return co_await receive_small(*head.content_length);
    co_return co_await receive_sized(*head.content_length);
}

asio::awaitable<Result<>> continue_if_expected(Worker& worker, asio::ip::tcp::socket& socket, Deadlines::Entry& waiting,
                                               const RequestHead& head, const Arrived& arrived) {
    if (!head.expect_continue || arrived.end > arrived.used) co_return Result<>();
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    worker.deadlines().expect(waiting, worker.settings().stall_timeout_ms);
    auto [error, sent] = co_await asio::async_write(socket, asio::buffer(kContinue), kAwait);
    worker.deadlines().expect(waiting, Deadlines::kNever);
    if (error) co_return Error{Errc::bad_request, "the client is gone"};
    co_return Result<>();
}

// Receives into `first`, then `second`: at least one byte.
asio::awaitable<Result<size_t>> BodyReceiver::receive_some(std::span<char> first, std::span<char> second) {
    worker_.deadlines().expect(waiting_, worker_.settings().stall_timeout_ms);
    std::array<asio::mutable_buffer, 2> parts{asio::buffer(first.data(), first.size()),
                                              asio::buffer(second.data(), second.size())};
    auto [error, got] = co_await socket_.async_read_some(parts, kAwait);
    worker_.deadlines().expect(waiting_, Deadlines::kNever);
    if (error == asio::error::operation_aborted)
        co_return Error{Errc::request_timeout, "no byte of the body came for too long"};
    if (error) co_return Error{Errc::bad_request, "the connection ended inside the request's body"};
    worker_.counters().add(Counter::bytes_received, got);
    co_return got;
}

asio::awaitable<Result<run::Body>> BodyReceiver::receive_small(size_t length) {
    while (arrived_.end - arrived_.used < length) {
        // No byte of the next request: its body may belong into pages.
        size_t missing = length - (arrived_.end - arrived_.used);
        auto got = co_await receive_some(arrived_.buffer.subspan(arrived_.end, missing), {});
        if (!got.ok()) co_return std::move(got).error();
        arrived_.end += *got;
    }
    run::Body body;
    body.inline_bytes = arrived().substr(0, length);
    body.size = length;
    arrived_.used += length;
    co_return body;
}

// Moves up to `wanted` bytes that have arrived in the buffer into the pages at `at`.
uint64_t BodyReceiver::take_arrived(uint64_t at, uint64_t wanted) {
    size_t count = std::min<uint64_t>(wanted, arrived_.end - arrived_.used);
    std::memcpy(room_from(at, count).data(), arrived().data(), count);  // COPY: body_head, came with the head or a chunk's line
    arrived_.used += count;
    copied_ += count;
    return count;
}

std::span<char> BodyReceiver::room_from(uint64_t offset, uint64_t bytes_max) const {
    return {reinterpret_cast<char*>(room_->pages.writable()) + offset, std::min(bytes_max, room_->capacity - offset)};
}

asio::awaitable<Result<run::Body>> BodyReceiver::receive_sized(uint64_t length) {
    auto ready = grow(length);
    if (!ready.ok()) co_return std::move(ready).error();
    uint64_t received = take_arrived(0, length);
    ReceiveMark mark(socket_.native_handle());
    while (received < length) {
        mark.wait_for(length - received);
        auto room = room_from(received, length - received);
        auto got = co_await receive_some(room, {});
        bool late = !got.ok() && got.error().code == Errc::request_timeout;
        if (late) got = mark.receive_below(room, std::move(got).error());
        if (!got.ok()) co_return std::move(got).error();
        received += *got;
    }
    co_return finish(length);
}

Result<> BodyReceiver::grow(uint64_t content_bytes) {
    if (room_) return worker_.body_memory().grow(*room_, content_bytes);
    INLAY_TRY(room_, worker_.body_memory().take(owner_, content_bytes));
    return {};
}

// How large to make the pages of a body of unknown length, so that they need not grow with each chunk.
uint64_t BodyReceiver::roomy_size() const {
    const auto& settings = worker_.settings();
    return std::min({std::max(2 * capacity(), kFirstChunkedBytes), settings.max_body, settings.body_memory});
}

// Receives into the buffer what is framing, as far as can be told: few content bytes come with it.
asio::awaitable<Result<>> BodyReceiver::receive_framing(size_t bytes) {
    arrived_.end = arrived_.used;
    auto got = co_await receive_some(arrived_.buffer.subspan(arrived_.end, bytes), {});
    if (!got.ok()) co_return std::move(got).error();
    arrived_.end += *got;
    co_return Result<>();
}

asio::awaitable<Result<run::Body>> BodyReceiver::receive_chunked() {
    ChunkDecoder decoder(worker_.settings().max_body);
    uint64_t received = 0;
    const size_t head_end = arrived_.used;
    for (;;) {
        auto step = decoder.next(arrived());
        arrived_.used += step.framing;
        if (step.kind == ChunkStep::Kind::done) break;
        if (step.kind == ChunkStep::Kind::error) co_return Error{step.code, std::string(step.detail)};
        if (step.kind == ChunkStep::Kind::need_more) {
            arrived_.used = head_end;  // Framing leaves nothing behind: its room is used again.
            auto more = co_await receive_framing(decoder.framing_guess());
            if (!more.ok()) co_return std::move(more).error();
            continue;
        }
        uint64_t needed = received + step.remaining;
        auto ready = grow(needed <= capacity() ? needed : std::max(needed, roomy_size()));
        if (!ready.ok()) co_return std::move(ready).error();
        uint64_t taken = take_arrived(received, step.remaining);
        if (taken == 0) {
            arrived_.used = arrived_.end = head_end;
            auto content = room_from(received, step.remaining);
            auto behind = arrived_.buffer.subspan(head_end, decoder.framing_guess());
            auto got = co_await receive_some(content, behind);
            if (!got.ok()) co_return std::move(got).error();
            taken = std::min<uint64_t>(*got, step.remaining);
            arrived_.end += *got - taken;
        }
        decoder.took(taken);
        received += taken;
    }
    co_return finish(received);
}

run::Body BodyReceiver::finish(uint64_t size) {
    run::Body body;
    if (size == 0) return body;
    body.pages = BodyMemory::finish(std::move(room_), size);
    body.size = size;
    body.copied = copied_;
    return body;
}

}  // namespace inlay::serve
