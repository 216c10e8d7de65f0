// The receiver: where a body's bytes end, what was copied on the way, and which bodies are refused.
#include "serve/body_receiver.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "os/file.hpp"
#include "serve/worker_stand.hpp"

namespace inlay::serve {
namespace {

std::string pattern(size_t size) {
    std::string bytes(size, '\0');
    for (size_t i = 0; i < size; i++) bytes[i] = static_cast<char>(i * 31 + i / 4096);
    return bytes;
}

std::string chunk(const std::string& content) { return fmt::format("{:x}\r\n{}\r\n", content.size(), content); }

class BodyReceiverTest : public testing::Test {
  protected:
    // Receives a body of which `early` came with the head and `later` comes after it. The client then closes.
    Result<run::Body> receive(const RequestHead& head, const std::string& early, const std::string& later = "") {
        std::copy(early.begin(), early.end(), buffer_.begin() + kHead);
        arrived_.end = kHead + early.size();
        std::thread client([&] {
            boost::system::error_code refused;
            boost::asio::write(pair_.client(), boost::asio::buffer(later), refused);
            pair_.client().shutdown(boost::asio::socket_base::shutdown_send, refused);
        });
        receiver_.emplace(stand_worker(), pair_.ours(), pair_.waiting(), arrived_, "test");
        auto body = pair_.finish(receiver_->receive(head, behind_));
        boost::system::error_code ignored;
        if (!body.ok()) pair_.ours().close(ignored);
        client.join();
        return body;
    }
    Result<run::Body> receive_sized(const std::string& early, const std::string& later) {
        RequestHead head;
        head.content_length = early.size() + later.size();
        return receive(head, early, later);
    }
    Result<run::Body> receive_chunked(const std::string& early, const std::string& later = "") {
        RequestHead head;
        head.chunked = true;
        return receive(head, early, later);
    }
    Result<run::Body> receive_trickle(size_t bytes, size_t piece);
    static std::string content_of(const run::Body& body) {
        if (!body.pages) return std::string(body.inline_bytes);
        return os::read_from_start(body.pages->fd(), UINT64_MAX).value().substr(0, body.size);
    }
    std::string left() const { return {buffer_.data() + arrived_.used, arrived_.end - arrived_.used}; }
    // All of the worker's body memory can be had.
    static bool nothing_is_held() {
        auto& memory = stand_worker().body_memory();
        auto half = memory.take("test", memory.largest());
        return half.ok() && memory.take("others", memory.largest()).ok();
    }

    static constexpr size_t kHead = 1000;
    std::vector<char> buffer_ = std::vector<char>(32 * KiB, 'h');
    Arrived arrived_{buffer_, kHead, kHead};
    ClientPair pair_;
    ContentBehind behind_{stand_worker(), ContentBehind::Use::read, "f"};
    std::optional<BodyReceiver> receiver_;
};

TEST_F(BodyReceiverTest, NoBodyIsAnEmptyOne) {
    auto body = receive({}, "GET / next");
    ASSERT_TRUE(body.ok());
    EXPECT_EQ(body->size, 0u);
    EXPECT_EQ(left(), "GET / next");
}

TEST_F(BodyReceiverTest, ASmallBodyStaysInTheBuffer) {
    RequestHead head;
    head.content_length = 11;
    auto body = receive(head, "hello ", "world");
    ASSERT_TRUE(body.ok());
    EXPECT_FALSE(body->pages);
    EXPECT_EQ(body->inline_bytes, "hello world");
    EXPECT_EQ(body->size, 11u);
    EXPECT_EQ(body->copied, 0u);
}

TEST_F(BodyReceiverTest, WhatComesBehindABodyIsLeft) {
    RequestHead head;
    head.content_length = 5;
    auto body = receive(head, "helloGET / next");
    ASSERT_TRUE(body.ok());
    EXPECT_EQ(body->inline_bytes, "hello");
    EXPECT_EQ(left(), "GET / next");
}

TEST_F(BodyReceiverTest, ABodyJustBelowTheThresholdFitsBehindALargeHead) {
    arrived_.used = kHeadBytesMax;
    arrived_.end = kHeadBytesMax;
    std::string content = pattern(kMapThresholdBytes - 1);
    RequestHead head;
    head.content_length = content.size();
    pair_.client_sends(content);
    receiver_.emplace(stand_worker(), pair_.ours(), pair_.waiting(), arrived_, "test");
    auto body = pair_.finish(receiver_->receive(head, behind_));
    ASSERT_TRUE(body.ok());
    EXPECT_TRUE(content_of(*body) == content);
}

TEST_F(BodyReceiverTest, ALargerBodyLiesInPagesThatEndInZeros) {
    std::string content = pattern(3 * MiB + 77);
    auto body = receive_sized(content.substr(0, 5000), content.substr(5000));
    ASSERT_TRUE(body.ok()) << body.error().detail;
    ASSERT_TRUE(body->pages);
    EXPECT_EQ(body->size, content.size());
    EXPECT_TRUE(content_of(*body) == content);
    EXPECT_EQ(body->copied, 5000u) << "what came with the head";
    EXPECT_FALSE(os::truncate(body->pages->fd(), 0).ok()) << "whom they are given to cannot take them away";
    size_t tail = os::page_size() - content.size() % os::page_size();
    EXPECT_EQ(std::string_view(body->pages->view().data() + content.size(), tail), std::string(tail, '\0'));
}

TEST_F(BodyReceiverTest, ABodyMayComeAllWithItsHead) {
    std::string content = pattern(kMapThresholdBytes);
    auto body = receive_sized(content, "");
    ASSERT_TRUE(body.ok());
    EXPECT_TRUE(content_of(*body) == content);
    EXPECT_EQ(body->copied, content.size());
}

TEST_F(BodyReceiverTest, ChunksAreOneBodyAndTheirFramingIsNot) {
    std::string content = pattern(1 * MiB + 5), framed;
    for (size_t at = 0; at < content.size(); at += 100'000) framed += chunk(content.substr(at, 100'000));
    framed += "0\r\n\r\n";
    auto body = receive_chunked(framed.substr(0, 3000), framed.substr(3000));
    ASSERT_TRUE(body.ok()) << body.error().detail;
    EXPECT_EQ(body->size, content.size());
    EXPECT_TRUE(content_of(*body) == content);
    EXPECT_LT(body->copied, 20'000u) << "chunks of this size are received where they belong";
    EXPECT_EQ(left(), "");
}

TEST_F(BodyReceiverTest, ManySmallChunksAreOneBody) {
    std::string content = pattern(50'000), framed;
    for (size_t at = 0; at < content.size(); at += 7) framed += chunk(content.substr(at, 7));
    auto body = receive_chunked("", framed + "0\r\nTrailer: x\r\n\r\n");
    ASSERT_TRUE(body.ok()) << body.error().detail;
    EXPECT_TRUE(content_of(*body) == content);
}

TEST_F(BodyReceiverTest, WhatComesBehindTheLastChunkIsLeft) {
    auto body = receive_chunked(chunk("hello") + "0\r\n\r\nGET / next");
    ASSERT_TRUE(body.ok());
    EXPECT_EQ(content_of(*body), "hello");
    EXPECT_EQ(left(), "GET / next");
}

TEST_F(BodyReceiverTest, NoChunksAreAnEmptyBody) {
    auto body = receive_chunked("0\r\n\r\n");
    ASSERT_TRUE(body.ok());
    EXPECT_EQ(body->size, 0u);
    EXPECT_FALSE(body->pages);
}

TEST_F(BodyReceiverTest, ABodyBeyondTheMaximumIsRefusedUnread) {
    RequestHead head;
    head.content_length = kStandBodyMax + 1;
    auto body = receive(head, "");
    ASSERT_FALSE(body.ok());
    EXPECT_EQ(body.error().code, Errc::body_too_large);
    EXPECT_NE(body.error().detail.find("max_body"), std::string::npos);
}

TEST_F(BodyReceiverTest, ChunksBeyondTheMaximumAreRefusedUnread) {
    auto body = receive_chunked(fmt::format("{:x}\r\n", kStandBodyMax + 1));
    ASSERT_FALSE(body.ok());
    EXPECT_EQ(body.error().code, Errc::body_too_large);
}

// Its pages are doubled as it grows, but not beyond what there may be.
TEST_F(BodyReceiverTest, AChunkedBodyMayHaveTheMaximumHoweverItIsCut) {
    std::string content = pattern(kStandBodyMax);
    for (size_t size : {size_t{300'000}, size_t{450'000}, size_t{3'500'000}, content.size()}) {
        std::string framed;
        for (size_t at = 0; at < content.size(); at += size) framed += chunk(content.substr(at, size));
        ClientPair pair;
        std::thread client([&] {
            boost::system::error_code refused;
            boost::asio::write(pair.client(), boost::asio::buffer(framed + "0\r\n\r\n"), refused);
        });
        Arrived arrived{buffer_, kHead, kHead};
        BodyReceiver receiver(stand_worker(), pair.ours(), pair.waiting(), arrived, "test");
        RequestHead head;
        head.chunked = true;
        auto body = pair.finish(receiver.receive(head, behind_));
        pair.ours().close();
        client.join();
        EXPECT_TRUE(body.ok()) << size << ": " << body.error().detail;
        EXPECT_TRUE(!body.ok() || content_of(*body) == content) << size;
    }
}

TEST_F(BodyReceiverTest, WithoutRoomForItABodyIsRefused) {
    auto others = stand_worker().body_memory().take("others", kStandBodyMemory / 2);
    auto more = stand_worker().body_memory().take("more", kStandBodyMemory / 2 - 1 * MiB);
    ASSERT_TRUE(others.ok() && more.ok());
    auto refused = receive_sized("", pattern(1 * MiB + 1));
    others->reset();
    more->reset();
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, Errc::overloaded);
    EXPECT_TRUE(nothing_is_held());
}

TEST_F(BodyReceiverTest, ABodysRoomIsHeldUntilItEnds) {
    {
        auto body = receive_sized("", pattern(1 * MiB));
        ASSERT_TRUE(body.ok());
        EXPECT_FALSE(nothing_is_held());
    }
    EXPECT_TRUE(nothing_is_held());
}

TEST_F(BodyReceiverTest, ABodyThatComesInDropsIsNotTakenForOneThatDoesNotCome) {
    RequestHead head;
    head.content_length = 2 * MiB;
    pair_.client_sends(pattern(1000));  // Less than what the socket is told to wait for.
    auto& executor = pair_.ours().get_executor();
    boost::asio::steady_timer deadline(executor, std::chrono::milliseconds(100));
    deadline.async_wait([&](auto) {
        pair_.client_sends(pattern(2000));
        pair_.waiting().on_deadline();
        boost::asio::post(executor, [&] { pair_.client_sends(pattern(2 * MiB - 3000)); });
    });
    receiver_.emplace(stand_worker(), pair_.ours(), pair_.waiting(), arrived_, "test");
    auto body = pair_.finish(receiver_->receive(head, behind_));
    ASSERT_TRUE(body.ok()) << body.error().detail;
    EXPECT_EQ(body->size, 2 * MiB);
}

TEST_F(BodyReceiverTest, AConnectionThatEndsInsideOfABodyIsABadRequest) {
    RequestHead head;
    head.content_length = 100'000;
    auto body = receive(head, "", pattern(99'999));
    ASSERT_FALSE(body.ok());
    EXPECT_EQ(body.error().code, Errc::bad_request);
}

TEST_F(BodyReceiverTest, BadFramingIsABadRequest) {
    for (const char* framing : {"x\r\n", "5\r\nhelloX", "5\nhello\r\n"}) {
        arrived_ = {buffer_, kHead, kHead};
        std::string early = framing;
        std::copy(early.begin(), early.end(), buffer_.begin() + kHead);
        arrived_.end = kHead + early.size();
        RequestHead head;
        head.chunked = true;
        receiver_.emplace(stand_worker(), pair_.ours(), pair_.waiting(), arrived_, "test");
        auto body = pair_.finish(receiver_->receive(head, behind_));
        ASSERT_FALSE(body.ok()) << framing;
        EXPECT_EQ(body.error().code, Errc::bad_request) << framing;
    }
}

TEST_F(BodyReceiverTest, ABodyThatDoesNotComeEndsAtItsDeadline) {
    RequestHead head;
    head.content_length = 100'000;
    boost::asio::steady_timer deadline(pair_.ours().get_executor(), std::chrono::milliseconds(kStandStallMs + 20));
    deadline.async_wait([&](auto) { pair_.waiting().on_deadline(); });
    receiver_.emplace(stand_worker(), pair_.ours(), pair_.waiting(), arrived_, "test");
    auto body = pair_.finish(receiver_->receive(head, behind_));
    ASSERT_FALSE(body.ok());
    EXPECT_EQ(body.error().code, Errc::request_timeout);
}

// Sends a byte now and then while the deadlines pass, in all `bytes`; gives what became of the body.
Result<run::Body> BodyReceiverTest::receive_trickle(size_t bytes, size_t piece) {
    RequestHead head;
    head.content_length = bytes;
    std::atomic<bool> done = false;
    std::thread client([&] {
        for (size_t sent = 0; sent < bytes && !done; sent += piece) {
            boost::system::error_code refused;
            boost::asio::write(pair_.client(), boost::asio::buffer(pattern(piece)), refused);
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            boost::asio::post(pair_.ours().get_executor(), [&] { pair_.waiting().on_deadline(); });
        }
    });
    receiver_.emplace(stand_worker(), pair_.ours(), pair_.waiting(), arrived_, "test");
    auto body = pair_.finish(receiver_->receive(head, behind_));
    done = true;
    client.join();
    return body;
}

TEST_F(BodyReceiverTest, ABodyThatTricklesIsTooSlowAlthoughItMakesProgress) {
    auto body = receive_trickle(20'000, 1);  // 50 bytes in a second.
    ASSERT_FALSE(body.ok());
    EXPECT_EQ(body.error().code, Errc::request_timeout);
}

TEST_F(BodyReceiverTest, ABodyThatComesSlowlyButSteadilyArrives) {
    auto body = receive_trickle(20'000, 500);  // Forty pieces, many windows.
    ASSERT_TRUE(body.ok()) << body.error().detail;
    EXPECT_EQ(body->size, 20'000u);
}

TEST_F(BodyReceiverTest, AClientThatWaitsIsToldToGoOn) {
    RequestHead head;
    head.content_length = 5;
    head.expect_continue = true;
    std::string told(25, '\0');
    std::thread client([&] {
        boost::asio::read(pair_.client(), boost::asio::buffer(told));
        pair_.client_sends("hello");
    });
    receiver_.emplace(stand_worker(), pair_.ours(), pair_.waiting(), arrived_, "test");
    auto body = pair_.finish(receiver_->receive(head, behind_));
    client.join();
    ASSERT_TRUE(body.ok());
    EXPECT_EQ(told, "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST_F(BodyReceiverTest, AClientThatSendsAnywayIsNotTold) {
    RequestHead head;
    head.content_length = 5;
    head.expect_continue = true;
    ASSERT_TRUE(receive(head, "hello").ok());
    pair_.ours().close();
    EXPECT_EQ(pair_.client_receives(), "");
}

TEST_F(BodyReceiverTest, ATooLargeBodyIsRefusedBeforeTheClientIsToldToGoOn) {
    RequestHead head;
    head.content_length = kStandBodyMax + 1;
    head.expect_continue = true;
    EXPECT_FALSE(receive(head, "").ok());
    EXPECT_EQ(pair_.client_receives(), "");
}

}  // namespace
}  // namespace inlay::serve
