// Exchanges a request for a response with Asio and Beast.
#include "app/cli_http.hpp"

#include <fmt/format.h>

#include <boost/asio.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <csignal>

#include "app/cli_failure.hpp"
#include "base/limits.hpp"

namespace inlay::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr auto kConnectTimeout = std::chrono::seconds(10);
constexpr size_t kPieceBytes = 1 * MiB;              // Of a request body.
constexpr size_t kReceivePieceBytes = 256 * KiB;     // Of a response body.
constexpr uint32_t kResponseHeadBytesMax = 64 * KiB;

// The way of one exchange: connect, send, receive, in this order, once each.
class Exchange {
  public:
    explicit Exchange(const ServerAddress& server) : server_(server) {}

    void connect();
    void send(const Request& request);
    ResponseHead receive(bool content_expected, const ChooseSink& choose_sink);

  private:
    using Parser = http::response_parser<http::buffer_body>;

    // Runs the loop until `done`, or until the condition to stop early holds.
    template <class Stop>
    void run_until(const bool& done, Stop stop_early) {
        io_.restart();
        while (!done && !stop_early()) io_.run_one();
    }
    // False: the server has answered, or hung up. Then nothing more is to be sent.
    bool write(asio::const_buffer bytes);
    bool send_body(ContentSource& body);
    void read_head(Parser& parser);
    void read_content(Parser& parser, ContentSink& sink);
    // Runs one read, started by `start(handler)`, to its end.
    template <class Start>
    error_code read_step(Start start);
    [[noreturn]] void fail_receive(error_code error) const;

    const ServerAddress& server_;
    asio::io_context io_{1};
    tcp::socket socket_{io_};
    beast::flat_buffer received_{kResponseHeadBytesMax};
    bool sent_all_ = false;
    bool answered_ = false;
    int signal_ = 0;
};

std::string request_head(const ServerAddress& server, const Request& request) {
    auto head = fmt::format("{} {}{} HTTP/1.1\r\nHost: {}\r\nUser-Agent: inlay/" INLAY_VERSION "\r\nConnection: close\r\n",
                            request.method, server.base_path, request.target, server.authority);
    for (const auto& [name, value] : request.fields) head += fmt::format("{}: {}\r\n", name, value);
    if (request.body) {
        auto size = request.body->size_bytes();
        head += size ? fmt::format("Content-Length: {}\r\n", *size) : "Transfer-Encoding: chunked\r\n";
    }
    return head + "\r\n";
}

[[noreturn]] void fail_connect(const ServerAddress& server, const std::string& why) {
    throw client_failure("unreachable", {fmt::format("No server answers at {}", server.url()), why,
                                         "Start one with `inlay serve`, or name another with --server URL"});
}

void Exchange::connect() {
    error_code error;
    auto endpoints = tcp::resolver(io_).resolve(server_.host, server_.port, error);
    if (error) fail_connect(server_, error.message());
    bool done = false;
    asio::async_connect(socket_, endpoints, [&](error_code result, const tcp::endpoint&) {
        error = result;
        done = true;
    });
    io_.restart();
    io_.run_for(kConnectTimeout);
    if (!done) {
        socket_.close();
        io_.run();
        fail_connect(server_, "it did not accept the connection in time");
    }
    if (error) fail_connect(server_, error.message());
}

bool Exchange::write(asio::const_buffer bytes) {
    bool done = false;
    error_code error;
    asio::async_write(socket_, bytes, [&](error_code result, size_t) {
        error = result;
        done = true;
    });
    run_until(done, [&] { return answered_; });
    if (done) return !error;
    socket_.cancel();
    run_until(done, [] { return false; });
    return false;
}

bool Exchange::send_body(ContentSource& body) {
    std::vector<char> piece(kPieceBytes);
    auto rest = body.size_bytes();
    bool chunked = !rest.has_value();
    while (chunked || *rest > 0) {
        size_t wanted = chunked ? piece.size() : static_cast<size_t>(std::min<uint64_t>(piece.size(), *rest));
        size_t count = body.read({piece.data(), wanted});
        if (count == 0 && !chunked)
            throw client_failure("file-changed", {"The file became shorter while it was sent", "", "Send it again"});
        if (chunked && !write(asio::buffer(fmt::format("{:x}\r\n", count)))) return false;
        if (count > 0 && !write(asio::buffer(piece.data(), count))) return false;
        if (chunked && !write(asio::buffer("\r\n", 2))) return false;
        if (chunked && count == 0) return true;
        if (!chunked) *rest -= count;
    }
    return true;
}

void Exchange::send(const Request& request) {
    auto head = request_head(server_, request);
    // Ready to read means an early answer or a closed connection; both end the sending.
    socket_.async_wait(tcp::socket::wait_read, [this](error_code error) { answered_ = !error; });
    sent_all_ = write(asio::buffer(head)) && (!request.body || send_body(*request.body));
}

template <class Start>
error_code Exchange::read_step(Start start) {
    bool done = false;
    error_code error;
    start([&](error_code result, size_t) {
        error = result;
        done = true;
    });
    run_until(done, [&] { return signal_ != 0; });
    if (done) return error;
    socket_.close();
    run_until(done, [] { return false; });
    throw Interrupted{signal_};
}

void Exchange::fail_receive(error_code error) const {
    auto detail = error == http::error::end_of_stream || error == http::error::partial_message
                      ? std::string("the server closed it")
                      : error.message();
    throw client_failure("connection-lost",
                         {sent_all_ ? "The connection ended before the whole answer came"
                                    : "The connection ended in the middle of the upload",
                          detail, "Try again; the server's log may say more"});
}

void Exchange::read_head(Parser& parser) {
    auto error = read_step([&](auto handler) { http::async_read_header(socket_, received_, parser, handler); });
    if (error) fail_receive(error);
}

void Exchange::read_content(Parser& parser, ContentSink& sink) {
    std::vector<char> piece(kReceivePieceBytes);
    while (!parser.is_done()) {
        auto& body = parser.get().body();
        body.data = piece.data();
        body.size = piece.size();
        auto error = read_step([&](auto handler) { http::async_read(socket_, received_, parser, handler); });
        if (error && error != http::error::need_buffer) fail_receive(error);
        sink.write({piece.data(), piece.size() - body.size});
    }
}

ResponseHead to_head(const http::response_header<>& header) {
    ResponseHead head;
    head.status = header.result_int();
    head.reason = std::string(header.reason());
    for (const auto& field : header) head.fields.emplace_back(field.name_string(), field.value());
    return head;
}

ResponseHead Exchange::receive(bool content_expected, const ChooseSink& choose_sink) {
    // Only now: while reading a terminal or a pipe for the body, a signal ends the process as usual.
    asio::signal_set signals(io_, SIGINT, SIGTERM);
    signals.async_wait([this](error_code error, int signal) {
        if (!error) signal_ = signal;
    });
    std::optional<Parser> parser;
    do {  // Interim answers (1xx) are passed over.
        parser.emplace();
        parser->body_limit(boost::none);
        parser->header_limit(kResponseHeadBytesMax);
        parser->skip(!content_expected);
        read_head(*parser);
    } while (parser->get().result_int() < 200);

    if (parser->need_eof())
        throw client_failure("unbounded-answer", {"The answer does not say where it ends", "neither a length nor chunks",
                                                  "Check what stands between here and the server"});
    auto head = to_head(parser->get());
    if (auto length = parser->content_length()) head.content_length = *length;
    auto& sink = choose_sink(head);
    sink.begin(head.content_length);
    read_content(*parser, sink);
    head.fields = to_head(parser->get()).fields;  // With those that came behind the content.
    return head;
}

}  // namespace

std::string_view ResponseHead::find(std::string_view name) const {
    for (const auto& field : fields)
        if (beast::iequals(field.first, name)) return field.second;
    return {};
}

ResponseHead exchange(const ServerAddress& server, const Request& request, const ChooseSink& choose_sink) {
    Exchange exchange(server);
    exchange.connect();
    exchange.send(request);
    return exchange.receive(request.method != "HEAD", choose_sink);
}

}  // namespace inlay::cli
