// send and sendfile, with partial writes.
#include "serve/reply_sender.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

#include "base/limits.hpp"
#include "os/socket.hpp"
#include "serve/reply_head.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

bool may_have_content(unsigned status) { return status >= 200 && status != 204 && status != 304; }

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
    HeadWriter writer(room_, static_cast<uint16_t>(reply.status));
    if (reply.status != 204) writer.field("Content-Length", reply.content_length.value_or(length));
    if (!options.keep_open) writer.field("Connection", "close");
    if (options.keep_open && options.says_keep_alive) writer.field("Connection", "keep-alive");
    writer.lines(options.date_field).lines(reply.fields);
    return writer.finish().value_or(std::string_view());
}

std::optional<bool> ReplySender::try_send(const Reply& reply, const SendOptions& options) {
    bool with_content = !options.is_head && may_have_content(reply.status);
    begun_ = {write_head(reply, options), {}, false};
    if (begun_.first.empty()) return false;
    pieces_ = with_content ? std::span(reply.content) : std::span<const run::Piece>();
    if (!pieces_.empty() && pieces_[0].range.length == 0) {
        begun_.second = pieces_[0].bytes;
        pieces_ = pieces_.subspan(1);
    }
    begun_.more = !pieces_.empty();
    auto state = send_some(begun_);
    if (state != os::SocketState::progress && state != os::SocketState::would_block) return false;
    if (begun_.empty() && pieces_.empty()) return true;
    return std::nullopt;
}

asio::awaitable<bool> ReplySender::send_rest() {
    bool sent = co_await send_bytes(begun_);
    for (size_t i = 0; sent && i < pieces_.size(); i++) {
        const auto& piece = pieces_[i];
        sent = piece.range.length ? co_await send_range(piece.range) : co_await send_bytes({piece.bytes, {}, i + 1 < pieces_.size()});
    }
    worker_.deadlines().expect(waiting_, Deadlines::kNever);
    co_return sent;
}

void ReplySender::expect_progress() { worker_.deadlines().expect(waiting_, worker_.settings().stall_timeout_ms); }

os::SocketState ReplySender::send_some(Bytes& bytes) {
    std::array<std::string_view, 2> both{bytes.first, bytes.second};
    auto step = os::send_pieces(socket_.native_handle(), both, bytes.more);
    if (step.state != os::SocketState::progress) return step.state;
    worker_.counters().add(Counter::bytes_sent, step.bytes);
    size_t of_first = std::min(bytes.first.size(), step.bytes);
    bytes.first.remove_prefix(of_first);
    bytes.second.remove_prefix(step.bytes - of_first);
    return step.state;
}

asio::awaitable<bool> ReplySender::send_bytes(Bytes bytes) {
    while (!bytes.empty()) {
        auto state = send_some(bytes);
        if (state == os::SocketState::would_block) {
            expect_progress();
            auto [error] = co_await socket_.async_wait(asio::ip::tcp::socket::wait_write, kAwait);
            if (error) co_return false;
        } else if (state != os::SocketState::progress) {
            co_return false;
        }
    }
    co_return true;
}

asio::awaitable<bool> ReplySender::send_range(os::FileRange range) {
    while (range.length > 0) {
        auto step = os::send_file(socket_.native_handle(), range);
        if (step.state == os::SocketState::would_block) {
            expect_progress();
            auto [error] = co_await socket_.async_wait(asio::ip::tcp::socket::wait_write, kAwait);
            if (error) co_return false;
            continue;
        }
        // No progress at all: the file ended early. What was promised cannot be kept; the client sees a short body.
        if (step.state != os::SocketState::progress || step.bytes == 0) co_return false;
        worker_.counters().add(Counter::bytes_sent, step.bytes);
        range.offset += step.bytes;
        range.length -= step.bytes;
        // A client that reads as fast as we send would keep the loop from everybody else.
        if (range.length > 0) co_await asio::post(asio::use_awaitable);
    }
    co_return true;
}

}  // namespace inlay::serve
