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
#include "os/file.hpp"
#include "os/memfd.hpp"
#include "serve/chunk_decoder.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr uint64_t kFirstChunkedBytes = 256 * KiB;  // Pages for a body of unknown length; doubled as it grows.

Error too_large(uint64_t max) {
    return Error{Errc::body_too_large, fmt::format("the body has more than {} bytes (max_body)", max)};
}

}  // namespace

BodyReceiver::~BodyReceiver() { worker_.release_body_memory(reserved_); }

asio::awaitable<Result<run::Body>> BodyReceiver::receive(const RequestHead& head) {
    uint64_t max = worker_.settings().max_body;
    if (head.content_length && *head.content_length > max) co_return too_large(max);
    bool empty = !head.chunked && head.content_length.value_or(0) == 0;
    if (empty) co_return run::Body{};
    auto told = co_await continue_if_expected(head);
    if (!told.ok()) co_return std::move(told).error();
    if (head.chunked) co_return co_await receive_chunked();
    if (*head.content_length < kMapThresholdBytes) co_return co_await receive_small(*head.content_length);
    co_return co_await receive_sized(*head.content_length);
}

asio::awaitable<Result<>> BodyReceiver::continue_if_expected(const RequestHead& head) {
    if (!head.expect_continue || !arrived().empty()) co_return Result<>();
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    worker_.deadlines().expect(waiting_, worker_.settings().stall_timeout_ms);
    auto [error, sent] = co_await asio::async_write(socket_, asio::buffer(kContinue), kAwait);
    worker_.deadlines().expect(waiting_, Deadlines::kNever);
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
    std::memcpy(mapping_.data() + at, arrived().data(), count);  // COPY: body_head, came with the head or a chunk's line
    arrived_.used += count;
    copied_ += count;
    return count;
}

Result<> BodyReceiver::reserve(uint64_t bytes) {
    if (bytes <= reserved_) return {};
    if (uint64_t max = worker_.settings().body_memory; bytes > os::round_up(max, os::page_size()))
        return Error{Errc::body_too_large, fmt::format("the body has more than {} bytes (body_memory)", max)};
    if (!worker_.acquire_body_memory(bytes - reserved_))
        return Error{Errc::overloaded, "the memory for request bodies is in use: retry later, or raise body_memory"};
    reserved_ = bytes;
    return {};
}

asio::awaitable<Result<run::Body>> BodyReceiver::receive_sized(uint64_t length) {
    auto ready = grow(length);
    if (!ready.ok()) co_return std::move(ready).error();
    uint64_t received = take_arrived(0, length);
    auto pages = std::span(reinterpret_cast<char*>(mapping_.data()), length);
    while (received < length) {
        auto got = co_await receive_some(pages.subspan(received), {});
        if (!got.ok()) co_return std::move(got).error();
        received += *got;
    }
    co_return finish(length);
}

// Makes room for `content_bytes`: the address range is there from the start, only the file behind it grows.
Result<> BodyReceiver::grow(uint64_t content_bytes) {
    if (content_bytes <= capacity_) return {};
    uint64_t wanted = os::round_up(content_bytes, os::page_size());
    INLAY_TRY_VOID(reserve(wanted));
    if (!pages_) {
        INLAY_TRY(pages_, os::create_memfd("inlay-body", wanted));
        // A chunked body may reach max_body; pages past the file's end are not touched before it has grown.
        uint64_t span = std::max(wanted, os::round_up(worker_.settings().max_body, os::page_size()));
        INLAY_TRY(mapping_, os::Mapping::create(pages_.get(), 0, span, os::Access::read_write, os::Sharing::shared));
    } else {
        INLAY_TRY_VOID(os::truncate(pages_.get(), wanted));
    }
    capacity_ = wanted;
    return {};
}

// How large to make the pages of a body of unknown length, so that they need not grow with each chunk.
uint64_t BodyReceiver::roomy_size() const {
    const auto& settings = worker_.settings();
    return std::min({std::max(2 * capacity_, kFirstChunkedBytes), settings.max_body, settings.body_memory});
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
        auto ready = grow(needed <= capacity_ ? needed : std::max(needed, roomy_size()));
        if (!ready.ok()) co_return std::move(ready).error();
        uint64_t taken = take_arrived(received, step.remaining);
        if (taken == 0) {
            arrived_.used = arrived_.end = head_end;
            auto content = std::span(reinterpret_cast<char*>(mapping_.data()) + received, step.remaining);
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

// Takes the writable mapping away and makes the content final.
Result<run::Body> BodyReceiver::finish(uint64_t size) {
    mapping_.unmap();
    run::Body body;
    if (size == 0) return body;
    uint64_t whole = os::round_up(size, os::page_size());
    if (whole != capacity_) INLAY_TRY_VOID(os::truncate(pages_.get(), whole));
    INLAY_TRY_VOID(os::seal(pages_.get()));
    body.pages = std::make_shared<const os::Fd>(std::move(pages_));
    body.size = size;
    body.copied = copied_;
    return body;
}

}  // namespace inlay::serve
