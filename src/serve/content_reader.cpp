// recv, with and without chunks.
#include "serve/content_reader.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "os/socket.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

}  // namespace

Error body_too_slow() {
    return {Errc::request_timeout, "the request's body came too slowly: send it faster, or set a longer stall_timeout_ms or a lower client_rate_min"};
}

ContentReader::ContentReader(Worker& worker, asio::ip::tcp::socket& socket, Deadlines::Entry* waiting, Arrived& arrived,
                             const RequestHead& head, uint64_t bytes_max)
    : worker_(worker),
      socket_(socket),
      waiting_(waiting),
      arrived_(arrived),
      head_end_(arrived.used),
      chunked_(head.chunked),
      decoder_(bytes_max),
      left_(head.content_length.value_or(0)),
      pace_(worker.settings().clients.stall_timeout_ms, worker.settings().clients.rate_min) {}

// What the next run is, as far as framing has arrived. nullopt: more of it has to.
std::optional<Result<uint64_t>> ContentReader::run_in_buffer() {
    if (!chunked_) return run_ = left_;
    auto step = decoder_.next(arrived());
    arrived_.used += step.framing;
    if (step.kind == ChunkStep::Kind::error) return Error{step.code, std::string(step.detail)};
    if (step.kind == ChunkStep::Kind::done) return run_ = 0;
    if (step.kind == ChunkStep::Kind::content) return run_ = step.remaining;
    arrived_.used = arrived_.end = head_end_;  // Framing leaves nothing behind: its room is used again.
    return std::nullopt;
}

// Where what is framing goes, as far as can be told: few content bytes come with it.
std::span<char> ContentReader::framing_room(bool ends_run) {
    return arrived_.buffer.subspan(head_end_, chunked_ && ends_run ? decoder_.framing_guess() : 0);
}

bool ContentReader::has_ended() {
    auto run = run_in_buffer();
    return run && run->ok() && **run == 0;
}

asio::awaitable<Result<uint64_t>> ContentReader::next_run() {
    for (;;) {
        if (auto run = run_in_buffer()) co_return std::move(*run);
        auto got = co_await receive_some(framing_room(true), {});
        if (!got.ok()) co_return std::move(got).error();
        arrived_.end += *got;
    }
}

size_t ContentReader::take_arrived(std::span<char> room) {
    size_t taken = std::min(room.size(), arrived().size());
    if (taken == 0) {
        arrived_.used = arrived_.end = head_end_;
        return 0;
    }
    std::memcpy(room.data(), arrived().data(), taken);  // COPY: body_head, came with the head or a chunk's line
    arrived_.used += taken;
    copied_ += taken;
    took(taken);
    return taken;
}

asio::awaitable<Result<size_t>> ContentReader::receive(std::span<char> room) {
    if (size_t taken = take_arrived(room)) co_return taken;
    auto behind = framing_room(room.size() == run_);
    // A long body wakes us only for many bytes at once. Not where somebody works on each piece as it comes.
    bool is_long = !chunked_ && waiting_ && !is_slow_ && left_ >= kReceiveMarkBytes;
    set_mark(is_long && (mark_ > 1 || left_ >= 2 * kReceiveMarkBytes) ? kReceiveMarkBytes : 1);
    auto got = co_await receive_some(room, behind);
    if (!got.ok()) co_return got;
    size_t taken = std::min(*got, room.size());
    arrived_.end += *got - taken;
    took(taken);
    co_return taken;
}

Result<ContentStep> ContentReader::try_receive(std::span<char> room) {
    ContentStep all;
    for (;;) {
        auto part = try_receive_part(room.subspan(all.bytes));
        if (all.bytes > 0 && (!part.ok() || part->bytes == 0)) return all;  // The end or the error is told next time.
        if (!part.ok() || part->bytes == 0) return part;
        all.bytes += part->bytes;
        bool whole_run = part->bytes == run_;
        if (!chunked_ || all.bytes == room.size() || (whole_run && arrived().empty())) return all;
    }
}

// Receives of one run.
Result<ContentStep> ContentReader::try_receive_part(std::span<char> room) {
    using enum ContentStep::Kind;
    auto run = run_in_buffer();
    for (; !run; run = run_in_buffer()) {
        INLAY_TRY(size_t got, try_receive_some(framing_room(true), {}));
        if (got == 0) return ContentStep{nothing_yet};
        arrived_.end += got;
    }
    if (!run->ok()) return std::move(*run).error();
    if (**run == 0) return ContentStep{ended};
    auto part = room.first(std::min<uint64_t>(**run, room.size()));
    if (size_t taken = take_arrived(part)) return ContentStep{received, taken};
    INLAY_TRY(size_t got, try_receive_some(part, framing_room(part.size() == run_)));
    if (got == 0) return ContentStep{nothing_yet};
    size_t taken = std::min(got, part.size());
    arrived_.end += got - taken;
    took(taken);
    return ContentStep{received, taken};
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
    std::array<asio::mutable_buffer, 2> parts{asio::buffer(first.data(), first.size()), asio::buffer(second.data(), second.size())};
    for (;;) {
        const uint64_t began_ms = coarse_ms();
        if (waiting_) worker_.deadlines().expect(*waiting_, pace_.left_ms());
        auto [error, got] = co_await socket_.async_read_some(parts, kAwait);
        if (waiting_) worker_.deadlines().expect(*waiting_, Deadlines::kNever);
        bool late = error == asio::error::operation_aborted;
        if (error && !late) co_return Error{Errc::bad_request, "the connection ended inside the request's body"};
        if (late && mark_ > 1) got = receive_late(first);
        if (late && !waiting_) co_return body_too_slow();
        if (waiting_ && !pace_.waited(coarse_ms() - began_ms, got)) co_return body_too_slow();
        note_received(got);
        if (got > 0) co_return got;
    }
}

// The same at once. 0: nothing has come.
Result<size_t> ContentReader::try_receive_some(std::span<char> first, std::span<char> second) {
    auto step = os::receive(socket_.native_handle(), first, second);
    if (step.state == os::SocketState::closed || step.state == os::SocketState::failed)
        return Error{Errc::bad_request, "the connection ended inside the request's body"};
    note_received(step.bytes);
    return step.bytes;
}

// Nothing woke us for too long. What has come below the mark is progress; from now on every byte wakes us.
size_t ContentReader::receive_late(std::span<char> room) {
    is_slow_ = true;
    set_mark(1);
    return os::receive(socket_.native_handle(), room).bytes;
}

void ContentReader::note_received(size_t bytes) {
    received_ += bytes;
    worker_.counters().add(Counter::bytes_received, bytes);
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
