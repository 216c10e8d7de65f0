// Small content stays in the buffer, the rest is received into pages.
#include "serve/body_receiver.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <algorithm>

#include "base/limits.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr uint64_t kFirstPagesBytes = 256 * KiB;  // Pages that a body begins with; doubled as it comes, so that it has at most twice what has come.

Error too_large(uint64_t max) {
    return Error{Errc::body_too_large, fmt::format("the body has more than {} bytes (max_body)", max)};
}

}  // namespace

asio::awaitable<Result<run::Body>> BodyReceiver::receive(const RequestHead& head, ContentBehind& behind) {
    uint64_t max = worker_.settings().max_body;
    if (head.content_length && *head.content_length > max) co_return too_large(max);
    bool empty = !head.chunked && head.content_length.value_or(0) == 0;
    if (empty) co_return run::Body{};
    auto told = co_await continue_if_expected(worker_, socket_, waiting_, head, arrived_);
    if (!told.ok()) co_return std::move(told).error();
    ContentReader content(worker_, socket_, &waiting_, arrived_, head, max);
    if (!head.chunked && *head.content_length < kMapThresholdBytes) co_return co_await receive_small(content, *head.content_length);
    co_return co_await receive_in_pages(content, head, behind);
}

asio::awaitable<Result<>> continue_if_expected(Worker& worker, asio::ip::tcp::socket& socket, Deadlines::Entry& waiting,
                                               const RequestHead& head, const Arrived& arrived) {
    if (!head.expect_continue || arrived.end > arrived.used) co_return Result<>();
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    worker.deadlines().expect(waiting, worker.settings().clients.stall_timeout_ms);
    auto [error, sent] = co_await asio::async_write(socket, asio::buffer(kContinue), kAwait);
    worker.deadlines().expect(waiting, Deadlines::kNever);
    if (error) co_return Error{Errc::bad_request, "the client is gone"};
    co_return Result<>();
}

asio::awaitable<Result<run::Body>> BodyReceiver::receive_small(ContentReader& content, size_t length) {
    auto received = co_await content.receive_in_buffer(length);
    if (!received.ok()) co_return std::move(received).error();
    run::Body body;
    body.inline_bytes = content.arrived().substr(0, length);
    body.size = length;
    arrived_.used += length;
    co_return body;
}

asio::awaitable<Result<run::Body>> BodyReceiver::receive_in_pages(ContentReader& content, const RequestHead& head,
                                                                   ContentBehind& behind) {
    const uint64_t ring = ring_bytes_of(head);
    if (!worker_.body_memory().has_room(owner_, std::min(head.content_length.value_or(0), ring))) co_return BodyMemory::in_use();
    uint64_t received = 0;
    for (;;) {
        auto run_bytes = co_await content.next_run();
        if (!run_bytes.ok()) co_return std::move(run_bytes).error();
        if (*run_bytes == 0) break;
        // What is too large for memory goes through the same pages again, as they are written.
        if (received >= ring) {
            auto made = co_await behind.make_room(received);
            if (!made.ok()) co_return std::move(made).error();
        }
        uint64_t at = received % ring;
        auto ready = at < capacity() ? Result<>() : grow(std::min(std::max(2 * capacity(), kFirstPagesBytes), ring), head);
        if (!ready.ok()) co_return std::move(ready).error();
        uint64_t most = std::min({*run_bytes, capacity() - at, behind.written() + ring - received});
        std::span<char> room(reinterpret_cast<char*>(room_->pages.writable()) + at, most);
        auto got = co_await content.receive(room);
        if (!got.ok()) co_return std::move(got).error();
        received += *got;
        ContentPlace place{room_->pages.fd(), ring, head.content_length};
        auto going = behind.arrived(place, received);
        if (!going.ok()) co_return std::move(going).error();
    }
    auto body = co_await finish(received, ring, behind);
    if (body.ok()) body->copied = content.copied();
    co_return body;
}

asio::awaitable<Result<run::Body>> BodyReceiver::finish(uint64_t received, uint64_t ring_bytes, ContentBehind& behind) {
    if (auto going = behind.check(); !going.ok()) co_return std::move(going).error();
    run::Body body;
    body.size = received;
    if (received > 0 && received <= ring_bytes) body.pages = BodyMemory::finish(std::move(room_), received);
    if (received > ring_bytes && behind.is_read()) {
        auto file = co_await behind.read(received);
        if (!file.ok()) co_return std::move(file).error();
        body.pages = std::make_shared<const os::Pages>(std::move(file).value(), received, os::Pages::Home::disk);
        room_.reset();
    }
    co_return body;
}

// How many bytes of the body lie in memory at once.
uint64_t BodyReceiver::ring_bytes_of(const RequestHead& head) const {
    uint64_t largest = worker_.body_memory().largest();
    return head.content_length.value_or(0) > largest ? std::min(largest, kBodyRingBytes) : largest;
}

// Makes room for so many bytes, or for all of it.
Result<> BodyReceiver::grow(uint64_t bytes, const RequestHead& head) {
    bytes = std::min(bytes, head.content_length.value_or(worker_.settings().max_body));
    if (room_) return worker_.body_memory().grow(*room_, bytes);
    INLAY_TRY(room_, worker_.body_memory().take(owner_, bytes));
    return {};
}

}  // namespace inlay::serve
