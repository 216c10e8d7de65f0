// Listeners: siblings share an address, strangers are told that it is taken.
#include "os/listener.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace inlay::os {
namespace {

Fd connect_to(uint16_t port) {
    Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? std::move(client) : Fd();
}

TEST(Address, IsReadAndWritten) {
    for (const char* text : {"127.0.0.1:8080", "[::1]:8080", "0.0.0.0:0", "[::]:65535"}) {
        auto address = parse_address(text);
        ASSERT_TRUE(address.ok()) << text;
        EXPECT_EQ(address->text(), text);
    }
    EXPECT_EQ(parse_address("[::1]:8080")->host, "::1");
    EXPECT_EQ(parse_address("[::1]:8080")->port, 8080);
}

TEST(Address, ThatIsNoneIsRefusedWithAnExample) {
    for (const char* text : {"", "8080", ":8080", "localhost:8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                             "127.0.0.1:80x", "127.0.0.1: 80", "1.2.3:80", "[::1]", "[]:80", "[::1:80", "::1]:80", "127.0.0.1:+80"}) {
        auto address = parse_address(text);
        ASSERT_FALSE(address.ok()) << text;
        EXPECT_EQ(address.error().code, Errc::bad_request);
        EXPECT_NE(address.error().detail.find("write it as 127.0.0.1:8080 or [::1]:8080"), std::string::npos);
    }
}

TEST(Address, KnowsLoopback) {
    for (const char* text : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1"}) EXPECT_TRUE(parse_address(text)->is_loopback()) << text;
    for (const char* text : {"0.0.0.0:1", "[::]:1", "10.127.0.1:1", "[fe80::1]:1"}) EXPECT_FALSE(parse_address(text)->is_loopback()) << text;
}

TEST(Listener, PortZeroBecomesAPortAndSiblingsShareIt) {
    auto listeners = listen_on({"127.0.0.1", 0}, 3);
    ASSERT_TRUE(listeners.ok()) << listeners.error().detail;
    EXPECT_EQ(listeners->sockets.size(), 3u);
    EXPECT_NE(listeners->address.port, 0);
    EXPECT_EQ(listeners->address.host, "127.0.0.1");
    // Enough connections that each sibling gets some.
    std::vector<Fd> clients;
    for (int i = 0; i < 200; i++) {
        clients.push_back(connect_to(listeners->address.port));
        ASSERT_TRUE(clients.back());
    }
    size_t accepted = 0;
    for (auto& socket : listeners->sockets) {
        size_t of_this_one = 0;
        while (Fd(::accept(socket.get(), nullptr, nullptr))) of_this_one++;  // Ends: they do not block.
        EXPECT_GT(of_this_one, 0u);
        accepted += of_this_one;
    }
    EXPECT_EQ(accepted, 200u);
}

TEST(Listener, AStrangerOnTheSamePortIsRefused) {
    auto ours = listen_on({"127.0.0.1", 0}, 2);
    ASSERT_TRUE(ours.ok());
    auto stranger = listen_on(ours->address, 2);
    ASSERT_FALSE(stranger.ok()) << "it would share our connections";
    EXPECT_EQ(stranger.error().code, Errc::io_error);
    EXPECT_EQ(stranger.error().detail, "address " + ours->address.text() + " is in use: stop the other program or choose another --listen");
    ours->sockets.clear();
    EXPECT_TRUE(listen_on(ours->address, 1).ok()) << "free again at once";
}

TEST(Listener, AnAddressOfNobodyHereIsAnError) {
    auto failed = listen_on({"192.0.2.1", 0}, 1);
    ASSERT_FALSE(failed.ok());
    EXPECT_NE(failed.error().detail.find("192.0.2.1"), std::string::npos);
    EXPECT_EQ(listen_on({"localhost", 0}, 1).error().code, Errc::bad_request);
}

}  // namespace
}  // namespace inlay::os
