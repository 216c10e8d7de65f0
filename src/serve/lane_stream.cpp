// recv into the ring; messages to the lane and back.
#include "serve/lane_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

#include "run/lane_messages.hpp"
#include "serve/lane.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
using run::LaneMessage;
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

}  // namespace

LaneStream::LaneStream(Worker& worker, ClientStream& client)
    : client_(client), has_room_(worker.executor(), asio::steady_timer::time_point::max()) {
    client_.ring()->note_lent();  // The lane can write to it at any time: it is nobody's after this.
}

asio::awaitable<void> LaneStream::receive_body() {
    auto ended = co_await receive_all();
    note_end(std::move(ended));
    while (!(co_await asio::this_coro::cancellation_state).cancelled()) co_await has_room_.async_wait(kAwait);
}

asio::awaitable<Result<>> LaneStream::receive_all() {
    for (;;) {
        if (too_slow_) co_return body_too_slow();
        auto run_bytes = co_await client_.content().next_run();
        if (!run_bytes.ok() && is_only_late(run_bytes.error())) continue;
        if (!run_bytes.ok()) co_return std::move(run_bytes).error();
        if (*run_bytes == 0) co_return Result<>();
        while (ring_.room().length == 0) co_await has_room_.async_wait(kAwait);
        auto place = ring_.room();
        auto got = co_await client_.content().receive(client_.ring_bytes().subspan(place.offset, std::min(place.length, *run_bytes)));
        if (!got.ok() && is_only_late(got.error())) continue;
        if (!got.ok()) co_return std::move(got).error();
        client_.note_received(*got);
        ring_.receive(*got);
        tell();
    }
}

// The time was up, but the client has moved fast enough in it, or it is not the body that was waited for: both ways of a stream have one
// socket and one deadline.
bool LaneStream::is_only_late(const Error& error) {
    if (error.code != Errc::request_timeout) return false;
    if (!ring_.guest_waits()) return true;
    if (!client_.end_wait()) return false;
    client_.begin_wait();
    return true;
}

void LaneStream::note_end(Result<> ended) {
    ended_ = std::move(ended);
    client_.end_body(ended_->ok() ? std::nullopt : std::optional(ended_->error()), false);
    tell();
}

// Tells the guest of what has come, as far as it may know.
void LaneStream::tell() {
    if (!lane_) return;
    bool waited = ring_.guest_waits();
    while (auto piece = ring_.next_piece())
        lane_->tell(std::move(run::lane_message(LaneMessage::piece).number(0).number(piece->offset).number(piece->length)));
    if (ended_ && ring_.all_told() && !std::exchange(end_told_, true)) tell_end();
    if (end_told_ && ring_.all_taken() && !ended_->ok()) client_.end_body(ended_->error(), true);
    if (!waited || ring_.guest_waits()) return;
    too_slow_ = !client_.end_wait();
    note_waiting(false);
}

// The guest's time rests as long as it waits for its client.
void LaneStream::note_waiting(bool waits) {
    lane_->let_time_run(!waits);
    client_.note_waiting(waits);
}

void LaneStream::tell_end() {
    auto message = run::lane_message(LaneMessage::piece);
    if (ended_->ok())
        message.number(0).number(0).number(0);
    else
        message.number(1).number(static_cast<uint64_t>(ended_->error().code)).bytes(ended_->error().detail);
    lane_->tell(std::move(message));
    ring_.note_end();
}

void LaneStream::begin(Lane& lane) {
    lane_ = &lane;
    tell();
}

bool LaneStream::ask() {
    if (!lane_ || !ring_.ask()) return false;
    has_room_.cancel();
    tell();
    bool waits = ring_.guest_waits();
    if (waits) client_.begin_wait();
    note_waiting(waits);
    return true;
}

asio::awaitable<bool> LaneStream::send(run::Response part) {
    note_waiting(true);
    auto sent = client_.try_send(part);
    if (!sent) sent = co_await client_.send_rest();
    note_waiting(false);
    co_return *sent;
}

}  // namespace inlay::serve
