// recv into the ring, parts of the response out of it or out of other windows.
#include "serve/client_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/limits.hpp"
#include "run/lane_messages.hpp"
#include "serve/lane.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
using run::LaneMessage;
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

SendOptions options_for(Worker& worker, const RequestHead& head) {
    SendOptions options;
    options.framing = head.version_minor == 0 ? Framing::until_close : Framing::chunked;
    options.keep_open = head.keep_alive && options.framing == Framing::chunked && !worker.draining();
    return options;
}

run::Piece bytes_piece(std::string bytes) {
    run::Piece piece;
    piece.bytes = std::move(bytes);
    return piece;
}

}  // namespace

Result<std::unique_ptr<ClientStream>> ClientStream::create(Worker& worker, Ends ends, const RequestHead& head, std::string_view owner) {
    if (head.content_length.value_or(0) > kStreamBytesMax)
        return Error{Errc::body_too_large, fmt::format("the body has more than {} bytes: send it in several requests", kStreamBytesMax)};
    INLAY_TRY(auto room, worker.body_memory().take(owner, kStreamRingBytes));
    return std::unique_ptr<ClientStream>(new ClientStream(worker, ends, head, std::move(room)));
}

ClientStream::ClientStream(Worker& worker, Ends ends, const RequestHead& head, BodyMemory::Room room)
    : worker_(worker),
      ends_(ends),
      ring_bytes_(reinterpret_cast<char*>(room->pages.writable()), kStreamRingBytes),
      ring_pages_(BodyMemory::finish(std::move(room), kStreamRingBytes)),
      content_(worker, ends.socket, nullptr, ends.arrived, head, kStreamBytesMax),
      has_room_(worker.executor(), asio::steady_timer::time_point::max()),
      options_(options_for(worker, head)) {
    // A guest sees all of the ring, and nothing of an earlier body in it.
    std::memset(ring_bytes_.data(), 0, ring_bytes_.size());
}

// ---- The body ----

asio::awaitable<void> ClientStream::receive_body() {
    auto received = co_await receive_all();
    if (!received.ok()) failure_ = std::move(received).error();
    source_ended_ = true;
    tell();
    while (!(co_await asio::this_coro::cancellation_state).cancelled()) co_await has_room_.async_wait(kAwait);
}

asio::awaitable<Result<>> ClientStream::receive_all() {
    for (;;) {
        auto run_bytes = co_await content_.next_run();
        if (!run_bytes.ok()) co_return std::move(run_bytes).error();
        if (*run_bytes == 0) co_return Result<>();
        while (ring_.room().length == 0) co_await has_room_.async_wait(kAwait);
        auto place = ring_.room();
        auto got = co_await content_.receive(ring_bytes_.subspan(place.offset, std::min(place.length, *run_bytes)));
        if (!got.ok()) co_return std::move(got).error();
        ring_.receive(*got);
        tell();
    }
}

// Tells the guest of what has come, as far as it may know.
void ClientStream::tell() {
    if (!lane_) return;
    bool waited = ring_.guest_waits();
    while (auto piece = ring_.next_piece())
        lane_->tell(std::move(run::lane_message(LaneMessage::piece).number(0).number(piece->offset).number(piece->length)));
    if (source_ended_ && ring_.all_told() && !std::exchange(end_told_, true)) {
        auto message = run::lane_message(LaneMessage::piece);
        if (failure_)
            message.number(1).number(static_cast<uint64_t>(failure_->code)).bytes(failure_->detail);
        else
            message.number(0).number(0).number(0);
        lane_->tell(std::move(message));
        ring_.note_end();
    }
    if (!waited || ring_.guest_waits()) return;
    worker_.deadlines().expect(ends_.waiting, Deadlines::kNever);
    lane_->let_time_run(true);
}

std::optional<Error> ClientStream::told_failure() const {
    if (told_broken_) return Error{Errc::bad_request, "the client did not read its response"};
    return end_told_ && ring_.all_taken() ? failure_ : std::nullopt;
}

// ---- What the guest does ----

void ClientStream::begin(Lane& lane) {
    lane_ = &lane;
    tell();
}

bool ClientStream::ask() {
    if (!lane_ || !ring_.ask()) return false;
    has_room_.cancel();
    tell();
    bool waits = ring_.guest_waits();
    if (waits) worker_.deadlines().expect(ends_.waiting, worker_.settings().stall_timeout_ms);
    lane_->let_time_run(!waits);
    return true;
}

// Content as one chunk, where it is sent in chunks.
std::vector<run::Piece> ClientStream::framed(std::vector<run::Piece> content) const {
    uint64_t bytes = 0;
    for (const auto& piece : content) bytes += piece.size();
    if (bytes == 0 || options_.framing != Framing::chunked) return content;
    content.insert(content.begin(), bytes_piece(fmt::format("{:x}\r\n", bytes)));
    content.push_back(bytes_piece("\r\n"));
    return content;
}

asio::awaitable<bool> ClientStream::send(run::Response part) {
    bool is_first = !std::exchange(began_, true);
    auto can_be_sent = [](const run::Piece& piece) {
        if (!piece.pages) return true;
        return !piece.pages->lost() && (piece.pages->home() == os::Pages::Home::disk || !piece.pages->view().empty());
    };
    broken_ = broken_ || !std::all_of(part.content.begin(), part.content.end(), can_be_sent);
    if (!broken_) {
        Reply reply;
        reply.content = framed(std::move(part.content));
        if (is_first) {
            reply.status = part.status;
            reply.fields = std::move(part.fields);
            if (!part.has_content_type) reply.add_field("Content-Type", "application/octet-stream");
            worker_.counters().add(class_counter(reply.status));
            options_.date_field = worker_.date_field();
        }
        lane_->let_time_run(false);
        auto sent = is_first ? ends_.sender.try_send(reply, options_) : ends_.sender.try_send_more(reply.content);
        if (!sent) sent = co_await ends_.sender.send_rest();
        broken_ = !*sent;
    }
    told_broken_ = broken_;
    lane_->let_time_run(true);
    co_return !broken_;
}

// ---- The response's end ----

asio::awaitable<void> ClientStream::finish() {
    std::vector<run::Piece> last;
    if (options_.framing == Framing::chunked) last.push_back(bytes_piece("0\r\n\r\n"));
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

}  // namespace inlay::serve
