// Wires a worker, accepts connections, drains.
#include "serve/worker.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "engine/watchdog.hpp"
#include "os/file.hpp"
#include "os/process.hpp"
#include "os/socket.hpp"
#include "run/host_api.hpp"
#include "serve/connection.hpp"
#include "serve/etag.hpp"
#include "serve/reply_head.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
using asio::ip::tcp;
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr auto kAcceptPause = std::chrono::milliseconds(100);  // After a failed accept, mostly for want of descriptors.

}  // namespace

Worker::Worker(registry::SharedMemory shared, registry::SupervisorLink link, WorkerSettings settings)
    : settings_(std::move(settings)),
      shared_(std::move(shared)),
      counters_(shared_.worker_counters(settings_.slot)),
      link_(std::move(link)),
      outputs_(settings_.body_memory, kOutputFilesMax),
      stream_outputs_(settings_.body_memory / kStreamOutputsShare, kOutputFilesMax / kStreamOutputsShare, &outputs_),
      lanes_(*this),
      admission_(shared_.state(), settings_.slot, settings_.workers),
      door_(shared_, settings_),
      deadlines_(loop_.get_executor()),
      acceptor_(loop_),
      link_readable_(loop_),
      link_writable_(loop_),
      signals_(loop_, SIGTERM),
      drain_timer_(loop_) {
    body_memory_.emplace(deadlines_, settings_.body_memory, settings_.max_body);
}

Worker::~Worker() {
    writable_watched_ = true;  // What connections still say as they end goes out at once or not at all.
    lanes_.end_all();
    body_memory_->keep_nothing();
}

Result<std::unique_ptr<Worker>> Worker::create(const WorkerDescriptors& descriptors, WorkerSettings settings) {
    os::ignore_signal(SIGPIPE);
    os::ignore_signal(SIGINT);  // A terminal's Ctrl-C reaches the whole group: the supervisor decides.
    const size_t descriptors_max = os::raise_descriptor_limit();
    INLAY_TRY(auto shared, registry::SharedMemory::open(descriptors.shared));
    registry::SupervisorLink link(os::Fd(descriptors.lookups), os::Fd(descriptors.control));
    std::unique_ptr<Worker> worker(new Worker(std::move(shared), std::move(link), std::move(settings)));
    worker->door_.limit_descriptors(descriptors_max);
    INLAY_TRY_VOID(worker->start(descriptors));
    return worker;
}

Result<> Worker::start(const WorkerDescriptors& descriptors) {
    INLAY_TRY(engine_, engine::Engine::create_for_worker(run::host_functions(), settings_.pool_slots));
    INLAY_TRY_VOID(engine::Watchdog::start(*engine_));
    tables_ = std::make_unique<registry::Tables>(link_, *engine_, shared_.state(), counters_);
    link_.listen_for_changes([this] { tables_->catch_up(); });
    link_.listen_for_broken_links([this](std::string_view version) { tables_->lose_link(version); });
    link_.listen_for_waiting([this] { watch_link_writable(); });
    supply_.emplace(*this, outputs_);
    stream_supply_.emplace(*this, stream_outputs_);
    os::fill_random(&invocations_, sizeof invocations_);

    boost::system::error_code error;
    os::Fd listener(descriptors.listener);
    INLAY_TRY(bool is_v6, os::is_ipv6_socket(listener.get()));
    acceptor_.assign(is_v6 ? tcp::v6() : tcp::v4(), listener.release(), error);
    if (!error) link_readable_.assign(os::duplicate(link_.control_fd()).release(), error);
    if (!error) link_writable_.assign(os::duplicate(link_.control_fd()).release(), error);
    if (error) return Error{Errc::internal, "worker start: " + error.message()};
    return {};
}

bool Worker::run() {
    signals_.async_wait([this](boost::system::error_code error, int) {
        if (!error) begin_drain();
    });
    asio::co_spawn(loop_, watch_link(), asio::detached);
    asio::co_spawn(loop_, accept_connections(), asio::detached);
    loop_.run();
    return connections_.empty();
}

asio::awaitable<void> Worker::accept_connections() {
    while (acceptor_.is_open()) {
        tcp::socket socket(loop_);
        tcp::endpoint from;
        auto [error] = co_await acceptor_.async_accept(socket, from, kAwait);
        if (error == asio::error::operation_aborted) break;
        if (error) {
            door_.end_longest_idle();
            asio::steady_timer pause(loop_, kAcceptPause);
            co_await pause.async_wait(kAwait);
            continue;
        }
        let_in(std::move(socket), from.address());
    }
}

void Worker::let_in(tcp::socket socket, const asio::ip::address& from) {
    boost::system::error_code ignored;
    socket.native_non_blocking(true, ignored);
    auto place = door_.enter(from, connections_.size());
    if (!place.ok()) return turn_away(std::move(socket), place.error());
    os::set_no_delay(socket.native_handle());
    asio::co_spawn(loop_, serve(std::move(socket), std::move(place).value()), asio::detached);
}

// Says so, as far as that goes at once.
void Worker::turn_away(tcp::socket socket, const Error& why) {
    counters_.add(Counter::connections_refused);
    counters_.add(Counter::responses_5xx);
    const Reply reply = problem_reply(why);
    const auto content = reply.content.front().text();
    std::array<char, 1 * KiB> room;
    HeadWriter writer(room, static_cast<uint16_t>(reply.status));
    writer.field("Content-Length", content.size()).field("Connection", "close").lines(date_field()).lines(reply.fields);
    const auto head = writer.finish();
    if (head) os::send_pieces(socket.native_handle(), std::array{*head, content}, false);
    boost::system::error_code ignored;
    socket.shutdown(tcp::socket::shutdown_send, ignored);
    // A request that is here already would make the end a reset, which takes the answer with it.
    os::receive(socket.native_handle(), room);
}

asio::awaitable<void> Worker::serve(tcp::socket socket, Door::Place) {
    try {
        Connection connection(*this, std::move(socket));
        auto leave = [this](Connection* gone) { connections_.erase(gone); };
        connections_.insert(&connection);
        std::unique_ptr<Connection, decltype(leave)> entered(&connection, leave);
        co_await connection.run();
    } catch (const std::exception& error) {
        spdlog::error("a connection ended by an exception: {}", error.what());
    }
    end_when_drained();
}

// Answers of the supervisor, and its end.
asio::awaitable<void> Worker::watch_link() {
    for (;;) {
        auto [error] = co_await link_readable_.async_wait(asio::posix::stream_descriptor::wait_read, kAwait);
        if (error) co_return;
        if (link_.on_readable()) continue;
        spdlog::warn("the supervisor is gone; draining");
        tables_->lose_all_links();
        begin_drain();
        co_return;
    }
}

void Worker::watch_link_writable() {
    if (writable_watched_ || !link_.wants_to_write()) return;
    writable_watched_ = true;
    link_writable_.async_wait(asio::posix::stream_descriptor::wait_write, [this](boost::system::error_code error) {
        writable_watched_ = false;
        if (error) return;
        link_.on_writable();
        watch_link_writable();
    });
}

void Worker::begin_drain() {
    if (draining_) return;
    draining_ = true;
    // Clients that already wait in the listener's queue are served; then it closes.
    boost::system::error_code error;
    acceptor_.non_blocking(true, error);
    while (!error) {
        tcp::socket waiting(loop_);
        tcp::endpoint from;
        acceptor_.accept(waiting, from, error);
        if (!error) let_in(std::move(waiting), from.address());
    }
    acceptor_.close(error);
    for (auto* connection : connections_) connection->close_if_idle();
    drain_timer_.expires_after(std::chrono::milliseconds(kDrainTimeoutMs));
    drain_timer_.async_wait([this](boost::system::error_code late) {
        if (!late) loop_.stop();
    });
    asio::post(loop_, [this] { end_when_drained(); });
}

void Worker::end_when_drained() {
    if (draining_ && connections_.empty()) loop_.stop();
}

asio::awaitable<Result<ControlAnswer>> Worker::call(registry::Call which, std::string fields, std::vector<int> fds) {
    using Shared = std::shared_ptr<Result<ControlAnswer>>;
    auto initiate = [this, which, &fields, &fds](auto handler) {
        auto resume = std::make_shared<decltype(handler)>(std::move(handler));
        call(which, std::move(fields), fds, [this, resume](Result<registry::Answer> answer) {
            Shared result;
            if (answer.ok())
                result = std::make_shared<Result<ControlAnswer>>(
                    ControlAnswer{std::string(answer->fields), std::move(answer->fds)});
            else
                result = std::make_shared<Result<ControlAnswer>>(std::move(answer).error());
            asio::post(loop_, [resume, result] { std::move (*resume)(result); });
        });
    };
    auto result = co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Shared)>(initiate, asio::use_awaitable);
    co_return std::move(*result);
}

void Worker::call(registry::Call which, std::string fields, const std::vector<int>& fds, registry::AnswerCallback callback) {
    link_.call(which, std::move(fields), fds, std::move(callback));
    watch_link_writable();
}

void Worker::log(const registry::LogLines& lines) {
    constexpr size_t kLinesPerMessage = kMessageBytesMax / 2 / kLogLineBytesMax;
    for (size_t first = 0; first < lines.lines.size(); first += kLinesPerMessage) {
        registry::LogLines part{lines.function, lines.invocation, lines.trace, {}};
        for (size_t i = first; i < std::min(lines.lines.size(), first + kLinesPerMessage); i++) part.lines.push_back(lines.lines[i]);
        WireWriter fields;
        registry::write(fields, part);
        if (!link_.tell(registry::Call::append_log, fields.take())) counters_.add(Counter::log_lines_dropped, part.lines.size());
    }
}

std::string_view Worker::date_field() {
    uint64_t now = coarse_wall_s();
    if (now != date_second_) {
        date_second_ = now;
        const auto date = http_date(static_cast<int64_t>(now));
        date_ = fmt::format("Date: {}\r\n", date.view());
    }
    return date_;
}

}  // namespace inlay::serve
