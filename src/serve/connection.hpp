// Connection: the road of a request. Read run() and serve_one() first.
//
//     buffer_:  | head of this request | content that came with it | framing, or the next request |
//               0                      head_end_                                        buffered_end_
//
// One coroutine per connection; one request at a time; pipelined requests wait in the buffer or in the kernel.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <optional>

#include "os/socket.hpp"
#include "run/request.hpp"
#include "serve/answers.hpp"
#include "serve/content_behind.hpp"
#include "serve/deadlines.hpp"
#include "serve/door.hpp"
#include "serve/reply.hpp"
#include "serve/reply_sender.hpp"
#include "serve/request_head.hpp"
#include "serve/route.hpp"
#include "serve/worker.hpp"

namespace inlay::serve {

class Connection final : public Deadlines::Entry, public Idle {
  public:
    Connection(Worker& worker, boost::asio::ip::tcp::socket socket);
    ~Connection() override;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // Serves requests until the connection ends.
    boost::asio::awaitable<void> run();

    // Ends the connection if it waits for a request.
    void close_if_idle();

    void on_deadline() override;
    void end_idle() override { on_deadline(); }

  private:
    enum class Next {
        go_on,
        close,   // The client is gone.
        linger,  // The reply is sent; the client may still be sending.
    };

    boost::asio::awaitable<Next> serve_one();
    bool is_stream(const Route& route) const;
    boost::asio::awaitable<Next> serve_stream(const InvokeRoute& route);
    boost::asio::awaitable<Result<bool>> read_head();
    os::SocketStep receive_more();
    std::optional<Error> admit(const Route& route);
    std::string_view content_owner(const Route& route) const;
    ContentBehind::Use content_use(const Route& route) const;
    boost::asio::awaitable<Reply> answer(const Route& route, const Arrival& arrival);
    boost::asio::awaitable<Next> refuse(const Error& error);
    std::optional<boost::asio::awaitable<Next>> detour_of(Result<Route>& route);
    std::optional<Error> begin_invocation(std::string_view name);
    boost::asio::awaitable<Next> send_last(Reply problem);
    boost::asio::awaitable<Next> refuse_and_go_on(Reply problem);
    std::optional<bool> try_send(const Reply& reply, bool keep_open);
    boost::asio::awaitable<void> linger();
    void forget_request(size_t bytes);
    uint64_t idle_wait_ms() const;
    bool may_go_on() const;
    void limit_wait(uint64_t after_ms) { worker_.deadlines().expect(*this, after_ms); }

    Worker& worker_;
    boost::asio::ip::tcp::socket socket_;
    std::unique_ptr<char[]> buffer_;
    size_t buffered_end_ = 0;
    size_t head_end_ = 0;
    HeadReader reader_;
    ReplySender sender_;
    bool head_began_ = false;
    // Of the request being served.
    std::string through_;
    std::shared_ptr<const registry::Function> function_;
    registry::InFlight in_flight_;
    bool keeps_open_ = true;
    uint64_t requests_ = 0;
    bool timed_out_ = false;
};

}  // namespace inlay::serve
