// sendmsg and sendfile, with partial writes.
#include "serve/reply_sender.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "os/socket.hpp"
#include "serve/reply_head.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

constexpr uint64_t kReaderStepShare = 16;
constexpr size_t kPartsPerStep = 16;  // They are cleared for each reply, and most have one or two.

}  // namespace

Counter class_counter(unsigned status) {
    switch (status / 100) {
        case 2: return Counter::responses_2xx;
        case 3: return Counter::responses_3xx;
        case 4: return Counter::responses_4xx;
        default: return Counter::responses_5xx;
    }
}

// The head as bytes in room_; empty: it does not fit.
std::string_view ReplySender::write_head(const Reply& reply, const SendOptions& options) {
    uint64_t length = 0;
    for (const auto& piece : reply.content) length += piece.size();
    if (reply.status == 205) length = 0;  // It has none, and says so (RFC 9110, section 15.3.6).
    HeadWriter writer(room_, static_cast<uint16_t>(reply.status));
    if (options.framing == Framing::chunked) writer.field("Transfer-Encoding", "chunked");
    if (options.framing == Framing::length && reply.status != 204) writer.field("Content-Length", reply.content_length.value_or(length));
    if (!options.keep_open) writer.field("Connection", "close");
    if (options.keep_open && options.says_keep_alive) writer.field("Connection", "keep-alive");
    writer.lines(options.date_field).lines(reply.fields);
    return writer.finish().value_or(std::string_view());
}

std::optional<bool> ReplySender::try_send(const Reply& reply, const SendOptions& options) {
    bool with_content = !options.is_head && run::may_have_content(reply.status);
    head_ = write_head(reply, options);
    if (head_.empty()) return false;
    in_parts_ = options.framing != Framing::length;
    pace_.begin();
    looked_ = false;
    return try_send_more(with_content ? std::span(reply.content) : std::span<const run::Piece>());
}

std::optional<bool> ReplySender::try_send_more(std::span<const run::Piece> content) {
    pieces_ = content;
    begun_ = warm_ = 0;
    auto step = send_some();
    if (step.state != os::SocketState::progress && step.state != os::SocketState::would_block) return false;
    if (all_sent()) return true;
    return std::nullopt;
}

asio::awaitable<bool> ReplySender::send_rest() {
    while (!all_sent()) {
        bool content = head_.empty();
        if (content && !is_warm()) co_await warm_up();
        auto step = content && goes_by_file(pieces_[0]) ? send_file() : send_some();
        if (step.state == os::SocketState::would_block) {
            bool goes_on = co_await wait_for_client();
            if (!goes_on) co_return false;
            continue;
        }
        // No progress at all: the file has lost bytes. What was promised cannot be kept; the client sees a short body.
        if (step.state != os::SocketState::progress || step.bytes == 0) co_return false;
        // A client that reads as fast as we send would keep the loop from everybody else.
        if (!all_sent()) co_await asio::post(asio::use_awaitable);
    }
    cork(false);
    co_return true;
}

// Waits until there is room to send to. False: the client is gone, or takes too little of what it was sent.
asio::awaitable<bool> ReplySender::wait_for_client() {
    const uint64_t began_ms = coarse_ms();
    if (!std::exchange(looked_, true)) taken_ = taken_by_client();
    worker_.deadlines().expect(waiting_, pace_.left_ms());
    auto [error] = co_await socket_.async_wait(asio::ip::tcp::socket::wait_write, kAwait);
    worker_.deadlines().expect(waiting_, Deadlines::kNever);
    if (error && error != asio::error::operation_aborted) co_return false;
    // Room is told of only when there is much of it: a client that reads slowly shows in what waits to be taken by it.
    const uint64_t before = std::exchange(taken_, std::max(taken_, taken_by_client()));
    // A reader whose buffer is full shows nothing until a sixteenth of it is free (Linux), and it is no larger than what it has taken.
    pace_.see_steps_of(taken_ / kReaderStepShare);
    co_return pace_.waited(coarse_ms() - began_ms, taken_ - before);
}

// Of all that replies of this connection have handed over; others' bytes may be among what waits.
uint64_t ReplySender::taken_by_client() const {
    uint64_t untaken = os::untaken_bytes(socket_.native_handle());
    return handed_over_ - std::min(handed_over_, untaken);
}

// Sends the head and what follows it, from memory, as far as one call takes it.
os::SocketStep ReplySender::send_some() {
    std::array<std::string_view, kPartsPerStep> parts;
    size_t count = 0;
    uint64_t content_bytes = 0;
    bool more = false;
    if (!head_.empty()) parts[count++] = head_;
    uint64_t offset = begun_;
    for (const auto& piece : pieces_) {
        if (piece.pages && piece.pages->lost()) return {os::SocketState::closed, 0};
        auto part = count < parts.size() ? next_part(piece, offset, kSendStepBytes - content_bytes) : std::string_view();
        if (!part.empty()) parts[count++] = part;
        content_bytes += part.size();
        more = part.size() < piece.size() - offset;
        if (more) break;
        offset = 0;
    }
    auto step = os::send_pieces(socket_.native_handle(), {parts.data(), count}, more);
    sent(step.bytes);
    return step;
}

os::SocketStep ReplySender::send_file() {
    const auto& piece = pieces_[0];
    cork(true);
    piece.pages->note_lent();
    auto step = os::send_file(socket_.native_handle(), {piece.pages->fd(), piece.offset + begun_, piece.length - begun_});
    worker_.counters().add(Counter::bytes_sent_by_file, step.bytes);
    sent(step.bytes);
    return step;
}

// What of a piece from `offset` on can be sent by send_some() now. Empty: nothing.
std::string_view ReplySender::next_part(const run::Piece& piece, uint64_t offset, uint64_t bytes_max) {
    if (!piece.pages) return piece.text().substr(offset, bytes_max);
    if (goes_by_file(piece)) return {};
    uint64_t length = std::min(piece.length - offset, bytes_max);
    bool known_warm = &piece == pieces_.data() && offset + length <= warm_;
    if (!known_warm && !piece.pages->in_memory(piece.offset + offset, length)) return {};
    return piece.pages->view().substr(piece.offset + offset, length);
}

bool ReplySender::goes_by_file(const run::Piece& piece) {
    if (!piece.pages) return false;
    if (piece.pages->foreign()) return false;  // What the kernel has not sent yet would change with the file.
    if (piece.pages->view().empty()) return true;  // There are no addresses to send it from.
    if (piece.length < kSendFileBytesMin) return false;
    if (in_parts_ && piece.pages->home() == os::Pages::Home::memory) return false;  // The kernel would still read it.
    return sends_by_file();
}

bool ReplySender::sends_by_file() {
    auto way = worker_.settings().send;
    if (way != SendWay::by_peer) return way == SendWay::file;
    if (!peer_is_near_) peer_is_near_ = os::peer_is_near(socket_.native_handle());
    return !*peer_is_near_;
}

void ReplySender::cork(bool on) {
    if (on != std::exchange(corked_, on)) os::set_cork(socket_.native_handle(), on);
}

// Whether the next step of the first piece waits for no disk.
bool ReplySender::is_warm() {
    const auto& piece = pieces_[0];
    if (!piece.pages) return true;
    uint64_t step = std::min(piece.length - begun_, kSendStepBytes);
    return begun_ + step <= warm_ || piece.pages->in_memory(piece.offset + begun_, step);
}

asio::awaitable<void> ReplySender::warm_up() {
    const auto& piece = pieces_[0];
    uint64_t ahead = std::min(piece.length - begun_, kReadAheadBytes);
    co_await worker_.disk().bring_in(piece.pages, piece.offset + begun_, ahead);
    warm_ = begun_ + ahead;
}

void ReplySender::sent(size_t bytes) {
    worker_.counters().add(Counter::bytes_sent, bytes);
    handed_over_ += bytes;
    size_t of_head = std::min(head_.size(), bytes);
    head_.remove_prefix(of_head);
    begun_ += bytes - of_head;
    while (!pieces_.empty() && begun_ >= pieces_[0].size()) {
        begun_ -= pieces_[0].size();
        pieces_ = pieces_.subspan(1);
        warm_ = 0;
    }
}

}  // namespace inlay::serve
