// Exchanges against a scripted server: early answers, broken answers, streams.
#include "app/cli_http.hpp"

#include <gtest/gtest.h>

#include <boost/asio.hpp>
#include <functional>
#include <thread>

#include "app/cli_failure.hpp"
#include "base/limits.hpp"

namespace inlay::cli {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

// Serves one connection with `script` on a thread of its own.
class ScriptedServer {
  public:
    using Script = std::function<void(tcp::socket&)>;

    explicit ScriptedServer(Script script)
        : thread_([this, script = std::move(script)] {
              auto socket = acceptor_.accept();
              script(socket);
          }) {}
    ~ScriptedServer() { thread_.join(); }

    ServerAddress address() const {
        return parse_server_address("127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()));
    }

  private:
    asio::io_context io_;
    tcp::acceptor acceptor_{io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
    std::thread thread_;
};

std::string read_head(tcp::socket& socket) {
    std::string head;
    asio::read_until(socket, asio::dynamic_buffer(head), "\r\n\r\n");
    return head;
}

void answer(tcp::socket& socket, std::string_view text) { asio::write(socket, asio::buffer(text)); }

struct Received {
    ResponseHead head;
    std::string text;
};

Received receive(const ServerAddress& server, const Request& request) {
    TextSink sink(1 * MiB);
    auto head = exchange(server, request, [&](const ResponseHead&) -> ContentSink& { return sink; });
    return {head, sink.text()};
}

// 256 MiB of zeros that are read only as far as somebody takes them.
class LongSource : public ContentSource {
  public:
    std::optional<uint64_t> size_bytes() const override { return 256 * MiB; }
    size_t read(std::span<char> to) override {
        taken_ += to.size();
        return to.size();
    }
    uint64_t taken() const { return taken_; }

  private:
    uint64_t taken_ = 0;
};

TEST(Exchanges, SendTheHeadAndTheBodyWithItsLength) {
    std::string seen;
    ScriptedServer server([&](tcp::socket& socket) {
        seen = read_head(socket);
        answer(socket, "HTTP/1.1 201 Created\r\nContent-Length: 2\r\nETag: \"7\"\r\n\r\nok");
    });
    TextSource body("hello");
    auto received = receive(server.address(), {"PUT", "/o/b/k", {{"Content-Type", "text/plain"}}, &body});
    EXPECT_EQ(received.head.status, 201u);
    EXPECT_EQ(received.head.find("etag"), "\"7\"");
    EXPECT_EQ(received.head.content_length, 2u);
    EXPECT_EQ(received.text, "ok");
    EXPECT_EQ(seen.find("PUT /o/b/k HTTP/1.1\r\nHost: 127.0.0.1:"), 0u);
    EXPECT_NE(seen.find("\r\nContent-Type: text/plain\r\n"), std::string::npos);
    EXPECT_NE(seen.find("\r\nContent-Length: 5\r\n"), std::string::npos);
}

TEST(Exchanges, SendABodyOfUnknownSizeInChunks) {
    class Unsized : public TextSource {
      public:
        using TextSource::TextSource;
        std::optional<uint64_t> size_bytes() const override { return std::nullopt; }
    } body("hello");
    std::string seen;
    ScriptedServer server([&](tcp::socket& socket) {
        asio::read_until(socket, asio::dynamic_buffer(seen), "0\r\n\r\n");
        answer(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n");
    });
    EXPECT_EQ(receive(server.address(), {"PUT", "/o/b/k", {}, &body}).text, "abc");
    EXPECT_NE(seen.find("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), std::string::npos);
}

TEST(Exchanges, ListenToAnEarlyAnswerThatKeepsTheConnectionOpen) {
    bool client_gone = false;
    ScriptedServer server([&](tcp::socket& socket) {
        read_head(socket);
        answer(socket, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
        std::vector<char> rest(1 * MiB);
        boost::system::error_code error;
        while (!error) socket.read_some(asio::buffer(rest), error);
        client_gone = true;
    });
    LongSource body;
    auto received = receive(server.address(), {"PUT", "/o/b/k", {}, &body});
    EXPECT_EQ(received.head.status, 413u);
    EXPECT_EQ(received.text, "big");
    EXPECT_LT(body.taken(), 256 * MiB);
}

TEST(Exchanges, ListenToAnEarlyAnswerThatClosesTheConnection) {
    ScriptedServer server([](tcp::socket& socket) {
        read_head(socket);
        answer(socket, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nfull");
        socket.close();  // With unread bytes: the kernel sends a reset.
    });
    LongSource body;
    auto received = receive(server.address(), {"PUT", "/o/b/k", {}, &body});
    EXPECT_EQ(received.head.status, 503u);
    EXPECT_EQ(received.text, "full");
}

TEST(Exchanges, PassInterimAnswersOver) {
    ScriptedServer server([](tcp::socket& socket) {
        read_head(socket);
        answer(socket, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
    });
    EXPECT_EQ(receive(server.address(), {"GET", "/"}).text, "x");
}

TEST(Exchanges, ExpectNoContentAfterHead) {
    ScriptedServer server([](tcp::socket& socket) {
        read_head(socket);
        answer(socket, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    });
    auto received = receive(server.address(), {"HEAD", "/o/b/k"});
    EXPECT_EQ(received.head.content_length, 1000u);
    EXPECT_EQ(received.text, "");
}

TEST(Exchanges, FailWhenTheContentIsCutShort) {
    for (std::string_view text : {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
                                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", "HTTP/1.1 200", "",
                                  "HTTP/1.1 200 OK\r\n\r\nno length"}) {
        ScriptedServer server([&](tcp::socket& socket) {
            read_head(socket);
            answer(socket, text);
        });
        EXPECT_THROW(receive(server.address(), {"GET", "/"}), Failure) << text;
    }
}

TEST(Exchanges, FailWhenTheAnswerIsNotHttp) {
    ScriptedServer server([](tcp::socket& socket) {
        read_head(socket);
        answer(socket, "SSH-2.0-OpenSSH_9.2\r\n\r\n");
    });
    EXPECT_THROW(receive(server.address(), {"GET", "/"}), Failure);
}

TEST(Exchanges, SayHowToStartAServerWhenNobodyListens) {
    tcp::endpoint free_port;
    {
        asio::io_context io;
        free_port = tcp::acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)).local_endpoint();
    }
    try {
        receive(parse_server_address("127.0.0.1:" + std::to_string(free_port.port())), {"GET", "/"});
        ADD_FAILURE() << "there was an answer";
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.type, "urn:inlay:client:unreachable");
        EXPECT_NE(failure.next_step.find("inlay serve"), std::string::npos);
    }
}

}  // namespace
}  // namespace inlay::cli
