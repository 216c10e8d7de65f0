// A lean Beast server on one thread that answers "ok\n" to everything, without any function: the reference of the HTTP no-op.
//
//     beast_noop          prints `listening on http://127.0.0.1:PORT`
#include <utility>

#include <boost/asio.hpp>
#include <boost/beast.hpp>

#include <cstdio>

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

asio::awaitable<void> serve(tcp::socket socket) {
    boost::beast::flat_buffer buffer;
    boost::system::error_code ended;
    auto token = asio::redirect_error(asio::use_awaitable, ended);
    for (;;) {
        http::request_parser<http::empty_body> parser;
        co_await http::async_read_header(socket, buffer, parser, token);
        if (ended) co_return;
        http::response<http::string_body> response(http::status::ok, parser.get().version());
        response.set(http::field::content_type, "text/plain");
        response.body() = "ok\n";
        response.keep_alive(parser.get().keep_alive());
        response.prepare_payload();
        co_await http::async_write(socket, response, token);
        if (ended || !response.keep_alive()) co_return;
    }
}

asio::awaitable<void> accept_all(tcp::acceptor acceptor) {
    for (;;) {
        auto socket = co_await acceptor.async_accept(asio::use_awaitable);
        socket.set_option(tcp::no_delay(true));
        asio::co_spawn(acceptor.get_executor(), serve(std::move(socket)), asio::detached);
    }
}

}  // namespace

int main() {
    asio::io_context loop(1);
    tcp::acceptor acceptor(loop, {asio::ip::address_v4::loopback(), 0});
    std::printf("listening on http://127.0.0.1:%d\n", acceptor.local_endpoint().port());
    std::fflush(stdout);
    asio::co_spawn(loop, accept_all(std::move(acceptor)), asio::detached);
    loop.run();
}
