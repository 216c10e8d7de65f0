// recv into the ring, parts of the response out of the guest's memory.
#include "serve/client_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "serve/invoke.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
// Whose the pages of rings are: no function's. A guest sees all of its ring, and nothing of an earlier body in it: they are given back
// as zeros.
constexpr std::string_view kRings = "/ring";

SendOptions options_for(const RequestHead& head, bool keep_open) {
    SendOptions options;
    options.framing = head.version_minor == 0 ? Framing::until_close : Framing::chunked;
    options.keep_open = keep_open && options.framing == Framing::chunked;
    return options;
}

run::Piece bytes_piece(std::string bytes) {
    run::Piece piece;
    piece.bytes = std::move(bytes);
    return piece;
}

bool can_be_sent(const run::Piece& piece) {
    if (!piece.pages) return true;
    return !piece.pages->lost() && (piece.pages->home() == os::Pages::Home::disk || !piece.pages->view().empty());
}

}  // namespace

Result<std::unique_ptr<ClientStream>> ClientStream::create(Worker& worker, Ends ends, const RequestHead& head) {
    if (head.content_length.value_or(0) > kStreamBytesMax)
        return Error{Errc::body_too_large, fmt::format("the body has more than {} bytes: send it in several requests", kStreamBytesMax)};
    const size_t most = worker.settings().streams_max();
    if (worker.counters().get(Counter::streams_open) >= most)
        return Error{Errc::overloaded, fmt::format("{} streams go through this worker already: retry later", most)};
    INLAY_TRY(auto room, worker.body_memory().take(kRings, kStreamRingBytes));
    return std::unique_ptr<ClientStream>(new ClientStream(worker, ends, head, std::move(room)));
}

ClientStream::ClientStream(Worker& worker, Ends ends, const RequestHead& head, BodyMemory::Room room)
    : worker_(worker),
      ends_(ends),
      ring_bytes_(reinterpret_cast<char*>(room->pages.writable()), kStreamRingBytes),
      ring_pages_(BodyMemory::finish(std::move(room), kStreamRingBytes)),
      content_(worker, ends.socket, nullptr, ends.arrived, head, kStreamBytesMax),
      options_(options_for(head, ends.keep_open)),
      tells_cost_(wants_cost(head) && options_.framing == Framing::chunked),
      pace_(worker.settings().clients.stall_timeout_ms, worker.settings().clients.rate_min) {
    worker_.counters().add(Counter::streams_total);
    worker_.counters().add(Counter::streams_open);
}

ClientStream::~ClientStream() {
    std::memset(ring_bytes_.data(), 0, used_bytes_);
    note_waiting(false);
    worker_.counters().subtract(Counter::streams_open);
}

void ClientStream::note_waiting(bool waits) {
    if (waits == std::exchange(is_waiting_, waits)) return;
    worker_.counters().add(Counter::streams_waiting, waits ? 1 : uint64_t{0} - 1);
}

// ---- The body ----

std::optional<Result<run::RingPiece>> ClientStream::receive() {
    if (!failure_) {
        auto step = content_.try_receive(ring_bytes_.first(kStreamPieceBytesMax));
        if (step.ok() && step->kind == ContentStep::Kind::nothing_yet) return std::nullopt;
        if (step.ok()) used_bytes_ = std::max(used_bytes_, step->bytes);
        if (step.ok() && step->kind == ContentStep::Kind::received) {
            note_received(step->bytes);
            return Result<run::RingPiece>(run::RingPiece{0, step->bytes});
        }
        end_body(step.ok() ? std::nullopt : std::optional(std::move(step).error()), true);
    }
    if (failure_) return Result<run::RingPiece>(*failure_);
    return Result<run::RingPiece>(run::RingPiece{});
}

void ClientStream::end_body(std::optional<Error> failure, bool is_told) {
    body_ended_ = true;
    failure_ = std::move(failure);
    failure_told_ = is_told;
}

bool ClientStream::body_ended() { return !failure_ && (body_ended_ || content_.has_ended()); }

std::optional<Error> ClientStream::told_failure() const {
    if (broken_) return Error{Errc::bad_request, "the client did not read its response"};
    return failure_told_ ? failure_ : std::nullopt;
}

// ---- The response ----

// Content as one chunk, where it is sent in chunks.
std::vector<run::Piece> ClientStream::framed(std::vector<run::Piece> content, uint64_t bytes) const {
    if (bytes == 0 || options_.framing != Framing::chunked) return content;
    content.insert(content.begin(), bytes_piece(fmt::format("{:x}\r\n", bytes)));
    content.push_back(bytes_piece("\r\n"));
    return content;
}

std::optional<bool> ClientStream::try_send(const run::Response& part) {
    bool is_first = !std::exchange(began_, true);
    broken_ = broken_ || !std::all_of(part.content.begin(), part.content.end(), can_be_sent);
    if (broken_) return false;
    part_bytes_ = part.content_bytes();
    part_.content = framed(part.content, part_bytes_);
    if (is_first) {
        part_.status = part.status;
        part_.fields = part.fields;
        if (!part.has_content_type) part_.add_field("Content-Type", "application/octet-stream");
        if (tells_cost_) part_.add_field("Trailer", kCostField);
        worker_.counters().add(class_counter(part_.status));
        options_.date_field = worker_.date_field();
    }
    auto sent = is_first ? ends_.sender.try_send(part_, options_) : ends_.sender.try_send_more(part_.content);
    if (sent) note_sent(*sent);
    return sent;
}

asio::awaitable<bool> ClientStream::send_rest() {
    note_sent(co_await ends_.sender.send_rest());
    co_return !broken_;
}

void ClientStream::note_sent(bool sent) {
    broken_ = !sent;
    if (sent) worker_.counters().add(Counter::stream_bytes_sent, part_bytes_);
}

std::optional<Result<>> ClientStream::send(const run::Response& part) {
    bool goes_on = std::exchange(is_sending_, false);
    if (!goes_on && !try_send(part)) {
        is_sending_ = true;
        return std::nullopt;
    }
    if (broken_) return Result<>(Error{Errc::bad_request, "the client is gone, or does not read its response"});
    return Result<>();
}

asio::awaitable<void> ClientStream::finish(const run::Cost& cost) {
    std::vector<run::Piece> last;
    std::string trailer = tells_cost_ ? fmt::format("{}: {}\r\n", kCostField, cost_text(cost)) : std::string();
    if (options_.framing == Framing::chunked) last.push_back(bytes_piece("0\r\n" + trailer + "\r\n"));
    auto sent = broken_ ? std::optional(false) : ends_.sender.try_send_more(last);
    if (!sent) sent = co_await ends_.sender.send_rest();
    finished_ = *sent;
}

// A response in chunks ends without its last one; one that ends with its connection, by a reset.
void ClientStream::cut() {
    boost::system::error_code ignored;
    if (options_.framing != Framing::until_close) return;
    ends_.socket.set_option(asio::socket_base::linger(true, 0), ignored);
    ends_.socket.close(ignored);  // Here: the socket's destructor takes the option back.
}

asio::awaitable<void> ClientStream::wait() {
    note_waiting(true);
    if (is_sending_)
        co_await send_rest();
    else
        co_await wait_for_body();
    note_waiting(false);
}

asio::awaitable<void> ClientStream::wait_for_body() {
    begin_wait();
    co_await ends_.socket.async_wait(asio::ip::tcp::socket::wait_read, kAwait);
    if (!end_wait()) end_body(body_too_slow(), true);
}

void ClientStream::begin_wait() {
    wait_began_ms_ = coarse_ms();
    worker_.deadlines().expect(ends_.waiting, pace_.left_ms());
}

bool ClientStream::end_wait() {
    worker_.deadlines().expect(ends_.waiting, Deadlines::kNever);
    const uint64_t before = std::exchange(seen_bytes_, content_.received());
    return pace_.waited(coarse_ms() - wait_began_ms_, seen_bytes_ - before);
}

}  // namespace inlay::serve
