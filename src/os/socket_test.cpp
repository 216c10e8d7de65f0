// Sockets: bytes leave in order from pieces and from files, and a peer that is gone is no surprise.
#include "os/socket.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.hpp"
#include "os/fd.hpp"
#include "os/file.hpp"
#include "os/listener.hpp"
#include "os/memfd.hpp"

namespace inlay::os {
namespace {

// Both ends of a TCP connection; ours does not block.
class SocketTest : public testing::Test {
  protected:
    SocketTest() {
        auto listeners = listen_on({"127.0.0.1", 0}, 1).value();
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(listeners.address.port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        theirs_ = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        INLAY_CHECK(::connect(theirs_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        ours_ = Fd(::accept4(listeners.sockets[0].get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    }
    std::string received(size_t size) {
        std::string bytes(size, '\0');
        ssize_t n = ::recv(theirs_.get(), bytes.data(), size, MSG_WAITALL);
        bytes.resize(n > 0 ? static_cast<size_t>(n) : 0);
        return bytes;
    }

    Fd ours_, theirs_;
};

TEST_F(SocketTest, PiecesLeaveInTheirOrder) {
    const std::string_view pieces[] = {"one ", "", "two ", "three"};
    auto step = send_pieces(ours_.get(), pieces, false);
    EXPECT_EQ(step.state, SocketState::progress);
    EXPECT_EQ(step.bytes, 13u);
    EXPECT_EQ(received(13), "one two three");
}

TEST_F(SocketTest, WhatHasComeIsReceivedAndNothingIsWaitedFor) {
    std::string room(100, '.');
    EXPECT_EQ(receive(ours_.get(), room).state, SocketState::would_block);
    ASSERT_EQ(::send(theirs_.get(), "hello", 5, 0), 5);
    auto step = receive(ours_.get(), std::span(room).first(3));
    EXPECT_EQ(step.state, SocketState::progress);
    EXPECT_EQ(room.substr(0, step.bytes), "hel");
    EXPECT_EQ(receive(ours_.get(), room).bytes, 2u);
    theirs_.close();
    EXPECT_EQ(receive(ours_.get(), room).state, SocketState::closed);
}

TEST_F(SocketTest, OneCallTakesAtMost64Pieces) {
    std::vector<std::string_view> pieces(100, "x");
    EXPECT_EQ(send_pieces(ours_.get(), pieces, false).bytes, 64u);
}

TEST_F(SocketTest, MoreHoldsTheLastSegmentBack) {
    const std::string_view head[] = {"head "}, body[] = {"body"};
    EXPECT_EQ(send_pieces(ours_.get(), head, true).bytes, 5u);
    EXPECT_EQ(send_pieces(ours_.get(), body, false).bytes, 4u);
    EXPECT_EQ(received(9), "head body");
}

TEST_F(SocketTest, AFilesRangeLeavesFromItsPages) {
    auto file = create_memfd_of("socket-test", "0123456789").value();
    auto step = send_file(ours_.get(), {file.get(), 3, 5});
    EXPECT_EQ(step.state, SocketState::progress);
    EXPECT_EQ(step.bytes, 5u);
    EXPECT_EQ(received(5), "34567");
    EXPECT_EQ(read_all(file.get(), 10).value().size(), 0u) << "written to its end; sending did not move the position";
}

TEST_F(SocketTest, AFileThatEndedEarlyIsProgressOfNothing) {
    auto file = create_memfd_of("socket-test", "0123456789").value();
    auto step = send_file(ours_.get(), {file.get(), 10, 5});
    EXPECT_EQ(step.state, SocketState::progress);
    EXPECT_EQ(step.bytes, 0u);
}

TEST_F(SocketTest, AFullSocketWouldBlock) {
    auto file = create_memfd("socket-test", 256 * MiB).value();
    SocketStep step;
    uint64_t sent = 0;
    do {
        step = send_file(ours_.get(), {file.get(), sent, 256 * MiB - sent});
        sent += step.bytes;
        EXPECT_LE(step.bytes, 4 * MiB) << "a call does not keep the worker for long";
    } while (step.state == SocketState::progress && step.bytes > 0 && sent < 256 * MiB);
    EXPECT_EQ(step.state, SocketState::would_block);
    const std::string_view piece[] = {"x"};
    EXPECT_EQ(send_pieces(ours_.get(), piece, false).state, SocketState::would_block);
}

TEST_F(SocketTest, APeerThatIsGoneIsClosedAndNoSignal) {
    auto file = create_memfd_of("socket-test", "x").value();
    linger reset{1, 0};
    ASSERT_EQ(::setsockopt(theirs_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
    theirs_.close();
    const std::string_view piece[] = {"x"};
    EXPECT_EQ(send_pieces(ours_.get(), piece, false).state, SocketState::closed);
    EXPECT_EQ(send_pieces(ours_.get(), piece, false).state, SocketState::closed);
}

TEST_F(SocketTest, SendFileToAGonePeerIsClosedToo) {
    ::signal(SIGPIPE, SIG_IGN);  // As every process of ours does.
    auto file = create_memfd_of("socket-test", "x").value();
    linger reset{1, 0};
    ASSERT_EQ(::setsockopt(theirs_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
    theirs_.close();
    (void)send_file(ours_.get(), {file.get(), 0, 1});
    EXPECT_EQ(send_file(ours_.get(), {file.get(), 0, 1}).state, SocketState::closed);
}

TEST_F(SocketTest, OtherFailuresAreFailures) {
    const std::string_view piece[] = {"x"};
    EXPECT_EQ(send_pieces(-1, piece, false).state, SocketState::failed);
    EXPECT_EQ(send_file(ours_.get(), {-1, 0, 1}).state, SocketState::failed);
    EXPECT_FALSE(is_ipv6_socket(-1).ok());
}

TEST_F(SocketTest, IsSetUpAndAsked) {
    set_no_delay(ours_.get());
    int value = 0;
    socklen_t length = sizeof value;
    ASSERT_EQ(::getsockopt(ours_.get(), IPPROTO_TCP, TCP_NODELAY, &value, &length), 0);
    EXPECT_NE(value, 0);
    EXPECT_FALSE(is_ipv6_socket(ours_.get()).value());
    EXPECT_TRUE(is_ipv6_socket(Fd(::socket(AF_INET6, SOCK_STREAM, 0)).get()).value());
}

}  // namespace
}  // namespace inlay::os
