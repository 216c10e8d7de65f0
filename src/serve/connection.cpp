// Reads, routes, answers, replies; and again.
#include "serve/connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/clock.hpp"
#include "base/field_rules.hpp"
#include "base/limits.hpp"
#include "base/query.hpp"
#include "os/socket.hpp"
#include "serve/answers.hpp"
#include "serve/body_receiver.hpp"
#include "serve/client_stream.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
// A head, then a body below the map threshold, then framing of the next thing.
constexpr size_t kBufferBytes = kHeadBytesMax + kMapThresholdBytes + 4 * KiB;
constexpr uint64_t kLingerMs = 2'000;
constexpr uint64_t kFirstRequestMs = 1'000;  // For a new connection's first byte, once the worker drains.
constexpr uint64_t kLingerBytesMax = 4 * MiB;

// Compares without telling by its time where the difference lies.
bool same_secret(std::string_view a, std::string_view b) {
    unsigned difference = a.size() == b.size() ? 0 : 1;
    for (size_t i = 0; i < a.size(); i++) difference |= static_cast<unsigned char>(a[i] ^ b[b.empty() ? 0 : i % b.size()]);
    return difference == 0 && !b.empty();
}

std::string_view bearer_token(const RequestHead& head) {
    auto value = head.find("authorization").value_or("");
    constexpr std::string_view kScheme = "Bearer ";
    return equal_ignoring_case(value.substr(0, kScheme.size()), kScheme) ? value.substr(kScheme.size()) : std::string_view();
}

bool has_content(const RequestHead& head) { return head.chunked || head.content_length.value_or(0) > 0; }

}  // namespace

Connection::Connection(Worker& worker, asio::ip::tcp::socket socket)
    : worker_(worker),
      socket_(std::move(socket)),
      buffer_(std::make_unique_for_overwrite<char[]>(kBufferBytes)),
      sender_(worker_, socket_, *this) {
    worker_.deadlines().add(*this);
    worker_.counters().add(Counter::connections_total);
    worker_.counters().add(Counter::connections_open);
}

Connection::~Connection() { worker_.counters().subtract(Counter::connections_open); }

asio::awaitable<void> Connection::run() {
    Next next = Next::go_on;
    while (next == Next::go_on) next = co_await serve_one();
    if (next == Next::linger) co_await linger();
}

// One request: read, route, receive, answer, reply. Asio keeps frames of up to 1,020 bytes for the next request, and this is one.
asio::awaitable<Connection::Next> Connection::serve_one() {
    auto has_head = co_await read_head();
    if (has_head.ok() && !*has_head) co_return Next::close;
    if (!has_head.ok()) {
        worker_.counters().add(Counter::requests_bad);
        co_return co_await refuse(has_head.error());
    }
    const RequestHead& head = reader_.head();
    auto route = route_of(head.path);
    if (auto detour = detour_of(route)) co_return co_await std::move(*detour);

    Arrived arrived{{buffer_.get(), kBufferBytes}, head_end_, buffered_end_};
    BodyReceiver receiver(worker_, socket_, *this, arrived, content_owner(*route));
    ContentBehind behind(worker_, content_use(*route), content_owner(*route));
    Result<run::Body> body = run::Body{};
    if (has_content(head)) {
        body = co_await receiver.receive(head, behind);
        buffered_end_ = arrived.end;
        if (!body.ok()) co_return co_await refuse(body.error());
    }

    Reply reply = co_await answer(*route, {head, *body, function_, through_, behind.begun()});
    refuse_lost_content(reply);
    auto sent = try_send(reply, may_go_on());
    if (!sent) sent = co_await sender_.send_rest();
    if (!*sent) co_return Next::close;
    forget_request(arrived.used);
    co_return keeps_open_ ? Next::go_on : Next::linger;
}

// Whether the function takes this request's body while it comes; else the body is received first, as for everything else.
bool Connection::is_stream(const Route& route) const {
    const RequestHead& head = reader_.head();
    if (!std::holds_alternative<InvokeRoute>(route) || head.query.empty() || head.method == Method::head) return false;
    auto asks = find_parameter(head.query, "stream");
    return asks.ok() && *asks == "1" && function_ && function_->streams;
}

asio::awaitable<Connection::Next> Connection::serve_stream(const InvokeRoute& route) {
    const RequestHead& head = reader_.head();
    Arrived arrived{{buffer_.get(), kBufferBytes}, head_end_, buffered_end_};
    auto created = ClientStream::create(worker_, {socket_, *this, sender_, arrived, may_go_on()}, head);
    if (!created.ok()) co_return co_await refuse(created.error());
    ClientStream& stream = **created;
    if (has_content(head)) {
        auto told = co_await continue_if_expected(worker_, socket_, *this, head, arrived);
        if (!told.ok()) co_return Next::close;
    }
    auto reply = co_await answer_stream(worker_, function_, route, head, stream);
    limit_wait(Deadlines::kNever);
    bool body_ended = stream.body_ended();
    buffered_end_ = arrived.end;
    if (reply && !body_ended) co_return co_await send_last(std::move(*reply));
    if (reply) {
        refuse_lost_content(*reply);
        auto sent = try_send(*reply, may_go_on());
        if (!sent) sent = co_await sender_.send_rest();
        if (!*sent) co_return Next::close;
    } else {
        if (!stream.finished()) co_return Next::close;
        keeps_open_ = stream.keeps_open();
    }
    forget_request(arrived.used);
    co_return keeps_open_ ? Next::go_on : Next::linger;
}

asio::awaitable<Reply> Connection::answer(const Route& route, const Arrival& arrival) {
    if (auto* invoke = std::get_if<InvokeRoute>(&route)) return answer_invoke(worker_, *invoke, arrival);
    if (auto* object = std::get_if<ObjectRoute>(&route)) return answer_object(worker_, *object, arrival);
    return answer_control(worker_, route, arrival);
}

// True: reader_ holds a head. False: the client ended the connection between requests, or was asked to.
asio::awaitable<Result<bool>> Connection::read_head() {
    reader_.reset();
    timed_out_ = false;
    for (;;) {
        auto step = reader_.parse({buffer_.get(), std::min(buffered_end_, kHeadBytesMax)});
        if (step.kind == HeadStep::Kind::error) co_return Error{step.code, std::string(step.detail)};
        if (step.kind == HeadStep::Kind::complete) {
            head_end_ = step.consumed;
            limit_wait(Deadlines::kNever);
            requests_++;
            co_return true;
        }
        bool idle = buffered_end_ == 0;
        // After everybody else's turn: by then the next request is often there, and one receive finds it.
        // Also of one that pipelines without end: nothing below need ever wait for it.
        co_await asio::post(asio::use_awaitable);
        if (idle && worker_.draining() && requests_ > 0) co_return false;
        // The time for a head runs from its first byte, not from its last.
        if (idle || !head_began_) limit_wait(idle ? idle_wait_ms() : worker_.settings().clients.head_timeout_ms);
        head_began_ = !idle;
        auto came = receive_more();
        if (came.state == os::SocketState::would_block) {
            if (idle) worker_.door().add(*this);
            auto [error] = co_await socket_.async_wait(asio::ip::tcp::socket::wait_read, kAwait);
            Idle::unlink();
            if (timed_out_ && !idle) co_return Error{Errc::request_timeout, "the request's head took too long to arrive"};
            if (error) co_return false;
            came = receive_more();
        }
        if (came.state == os::SocketState::closed && !idle)
            co_return Error{Errc::bad_request, "the connection ended inside a request's head"};
        if (came.state == os::SocketState::closed || came.state == os::SocketState::failed) co_return false;
    }
}

os::SocketStep Connection::receive_more() {
    auto came = os::receive(socket_.native_handle(), {buffer_.get() + buffered_end_, kHeadBytesMax - buffered_end_});
    buffered_end_ += came.bytes;
    return came;
}

// Everything that can be refused before any content is received.
std::optional<Error> Connection::admit(const Route& route) {
    const auto& settings = worker_.settings();
    auto* status = std::get_if<StatusRoute>(&route);
    bool open_to_all = status && *status != StatusRoute::metrics;
    if (!settings.token.empty() && !open_to_all && !same_secret(bearer_token(reader_.head()), settings.token))
        return Error{Errc::unauthorized, "this server asks for `Authorization: Bearer TOKEN`: give the CLI its --token-file"};
    if (auto refused = check_method(route, reader_.head())) return refused;
    if (worker_.supervisor_is_gone() && is_write(route, reader_.head()))
        return Error{Errc::draining, "this server is shutting down and takes no writes: retry"};
    auto through = through_of(route, reader_.head());
    if (!through.ok()) return through.error();
    through_ = std::move(through).value();
    auto name = content_owner(route);
    return name.empty() ? std::nullopt : begin_invocation(name);
}

// From here on the invocation is under way, until its response is sent.
std::optional<Error> Connection::begin_invocation(std::string_view name) {
    auto function = worker_.tables().get_function(name);
    // Of a function that is not there a client is told in its response, so that the connection goes on.
    if (!function.ok()) return through_.empty() ? std::nullopt : std::optional(function.error());
    if ((*function)->plan && !through_.empty())
        return Error{Errc::not_implemented, fmt::format("{:?} is a pipeline: a PUT goes through a function; a pipeline stores its own result", name)};
    bool has_rate = (*function)->record.limits.rate < kRateMax;
    auto admitted = worker_.admission().admit(**function, has_rate ? monotonic_ns() : 0);
    if (!admitted.ok()) {
        worker_.counters().add(Counter::invocations_over_limit);
        return admitted.error();
    }
    function_ = std::move(function).value();
    in_flight_ = std::move(admitted).value();
    return std::nullopt;
}

// Whose guests will see the request's content: a function's. Empty: nobody's.
std::string_view Connection::content_owner(const Route& route) const {
    auto* invoke = std::get_if<InvokeRoute>(&route);
    return invoke ? invoke->function : std::string_view(through_);
}

ContentBehind::Use Connection::content_use(const Route& route) const {
    if (!std::holds_alternative<ObjectRoute>(route)) return ContentBehind::Use::read;
    return through_.empty() ? ContentBehind::Use::store : ContentBehind::Use::store_and_read;
}

// No coroutine, like detour_of(): what these make lies in no frame of a request that goes well.
asio::awaitable<Connection::Next> Connection::refuse(const Error& error) { return send_last(problem_reply(error)); }

// What is refused before any content is received, or a stream.
std::optional<asio::awaitable<Connection::Next>> Connection::detour_of(Result<Route>& route) {
    if (!route.ok()) return refuse(route.error());
    if (auto refused = admit(*route)) {
        bool goes_on = refused->code == Errc::function_over_limit && !has_content(reader_.head());
        return goes_on ? refuse_and_go_on(problem_reply(*refused)) : send_last(problem_of_route(*refused, *route));
    }
    if (is_stream(*route)) return serve_stream(std::get<InvokeRoute>(*route));
    return std::nullopt;
}

// What a client may meet again and again must not cost it a connection each time.
asio::awaitable<Connection::Next> Connection::refuse_and_go_on(Reply problem) {
    auto sent = try_send(problem, may_go_on());
    if (!sent) sent = co_await sender_.send_rest();
    if (!*sent) co_return Next::close;
    forget_request(head_end_);
    co_return keeps_open_ ? Next::go_on : Next::linger;
}

// Replies with a problem, and ends the connection where the request's content was not read to its end.
asio::awaitable<Connection::Next> Connection::send_last(Reply problem) {
    auto sent = try_send(problem, false);
    if (!sent) sent = co_await sender_.send_rest();
    co_return *sent ? Next::linger : Next::close;
}

std::optional<bool> Connection::try_send(const Reply& reply, bool keep_open) {
    keeps_open_ = keep_open && !reply.close;
    worker_.counters().add(class_counter(reply.status));
    const RequestHead& head = reader_.head();
    return sender_.try_send(reply, {keeps_open_, head.version_minor == 0, head.method == Method::head, worker_.date_field()});
}

// Lets the client read the reply although it is still sending: a closed socket with unread bytes would reset the connection.
asio::awaitable<void> Connection::linger() {
    boost::system::error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    timed_out_ = false;
    limit_wait(kLingerMs);
    for (uint64_t thrown_away = 0; thrown_away < kLingerBytesMax;) {
        auto [error, got] = co_await socket_.async_read_some(asio::buffer(buffer_.get(), kBufferBytes), kAwait);
        if (error || timed_out_) break;
        thrown_away += got;
    }
}

// Moves what came behind this request to the buffer's front.
void Connection::forget_request(size_t bytes) {
    buffered_end_ -= bytes;
    std::memmove(buffer_.get(), buffer_.get() + bytes, buffered_end_);  // COPY: the next request's head, pipelined.
    head_began_ = false;
    in_flight_.end();
    function_.reset();
}

// Whether the connection stays open behind the answer.
bool Connection::may_go_on() const {
    return reader_.head().keep_alive && !worker_.draining() && requests_ < worker_.settings().clients.requests_per_connection;
}

// A client that has just connected has its request on the way: it gets a moment, also while draining.
uint64_t Connection::idle_wait_ms() const { return worker_.draining() ? kFirstRequestMs : worker_.settings().clients.idle_timeout_ms; }

void Connection::close_if_idle() {
    if (!Idle::is_linked()) return;
    if (requests_ > 0)
        socket_.cancel();
    else
        limit_wait(kFirstRequestMs);
}

void Connection::on_deadline() {
    timed_out_ = true;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
}

}  // namespace inlay::serve
