// The sender: what a client gets for a reply, from bytes and from files, and what happens when it goes away.
#include "serve/reply_sender.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "os/memfd.hpp"
#include "serve/worker_stand.hpp"

namespace inlay::serve {
namespace {

class ReplySenderTest : public testing::Test {
  protected:
    void add(std::string bytes) {
        run::Piece piece;
        piece.bytes = std::move(bytes);
        reply_.content.push_back(std::move(piece));
    }
    void add_range(uint64_t offset, uint64_t length) {
        run::Piece piece;
        piece.pages = file_;
        piece.offset = offset;
        piece.length = length;
        reply_.content.push_back(std::move(piece));
    }
    bool send() {
        auto at_once = sender_.try_send(reply_, options_);
        return at_once ? *at_once : pair_.finish(sender_.send_rest());
    }
    bool send_to_reader_of(size_t bytes);
    // What the client has received after the reply and the connection's end.
    std::string sent() {
        std::string bytes;
        std::thread client([&] { bytes = pair_.client_receives(); });
        done_ = send();
        pair_.ours().close();
        client.join();
        return bytes;
    }

    std::shared_ptr<const os::Pages> file_ = std::make_shared<const os::Pages>(
        os::create_memfd_of("sender-test", "0123456789" + std::string(20 * MiB, 'x')).value(), 20 * MiB + 10, os::Pages::Home::memory);
    ClientPair pair_;
    ReplySender sender_{stand_worker(), pair_.ours(), pair_.waiting()};
    Reply reply_;
    SendOptions options_;
    bool done_ = false;
};

TEST_F(ReplySenderTest, BytesFollowTheirHead) {
    reply_.status = 201;
    reply_.add_field("X", "y");
    add("one "), add("two");
    options_.date_field = "Date: today\r\n";
    EXPECT_EQ(sent(), "HTTP/1.1 201 Created\r\nContent-Length: 7\r\nDate: today\r\nX: y\r\n\r\none two");
    EXPECT_TRUE(done_);
}

TEST_F(ReplySenderTest, RangesAndBytesLeaveInTheirOrder) {
    add_range(2, 3), add("-"), add_range(0, 2), add("-");
    EXPECT_EQ(sent(), "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n234-01-");
}

TEST_F(ReplySenderTest, ALargeRangeLeavesWhole) {
    add("head "), add_range(5, 20 * MiB), add(" tail");
    uint64_t before = stand_worker().counters().get(Counter::bytes_sent);
    std::string bytes = sent();
    EXPECT_TRUE(done_);
    std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 20971530\r\n\r\n";
    EXPECT_TRUE(bytes == head + "head 56789" + std::string(20 * MiB - 5, 'x') + " tail");
    EXPECT_EQ(stand_worker().counters().get(Counter::bytes_sent) - before, bytes.size());
}

TEST_F(ReplySenderTest, NothingLeavesOfPagesThatAreLost) {
    add("head "), add_range(0, 20 * MiB);
    auto at_once = sender_.try_send(reply_, options_);
    ASSERT_FALSE(at_once) << "a client that does not read leaves some of it to us";
    file_->note_lost();
    std::string bytes;
    std::thread client([&] { bytes = pair_.client_receives(); });
    EXPECT_FALSE(pair_.finish(sender_.send_rest()));
    pair_.ours().close();
    client.join();
    EXPECT_LT(bytes.size(), 20 * MiB);
    EXPECT_FALSE(file_->lent());
}

TEST_F(ReplySenderTest, AHeadRequestGetsTheLengthAndNoContent) {
    add_range(0, 10);
    options_.is_head = true;
    EXPECT_EQ(sent(), "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
}

TEST_F(ReplySenderTest, AGivenLengthStandsForContentThatDoesNotFollow) {
    reply_.content_length = 12345;
    options_.is_head = true;
    EXPECT_EQ(sent(), "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n");
}

TEST_F(ReplySenderTest, NoContentFollows204) {
    reply_.status = 204;
    add("x");
    EXPECT_EQ(sent(), "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST_F(ReplySenderTest, AResetContentReplySaysThatItHasNone) {
    reply_.status = 205;
    add("x");
    EXPECT_EQ(sent(), "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n");
}

TEST_F(ReplySenderTest, ANotModifiedReplyHasNoContent) {
    reply_.status = 304;
    add("x");
    EXPECT_EQ(sent(), "HTTP/1.1 304 Not Modified\r\nContent-Length: 1\r\n\r\n");
}

TEST_F(ReplySenderTest, SaysWhetherTheConnectionStays) {
    options_.keep_open = false;
    options_.says_keep_alive = true;
    EXPECT_EQ(sent(), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

TEST_F(ReplySenderTest, SaysKeepAliveToThoseWhoWaitForIt) {
    options_.says_keep_alive = true;
    EXPECT_EQ(sent(), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n");
}

TEST_F(ReplySenderTest, PartsFollowEachOtherBehindOneHead) {
    options_.framing = Framing::chunked;
    add("1\r\na\r\n");
    std::thread client([&] { EXPECT_EQ(pair_.client_receives(), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"); });
    EXPECT_TRUE(send());
    Reply last;
    last.content.emplace_back().bytes = "0\r\n\r\n";
    EXPECT_EQ(sender_.try_send_more(last.content), std::optional(true));
    pair_.ours().close();
    client.join();
}

TEST_F(ReplySenderTest, AReplyThatEndsWithItsConnectionSaysNoLength) {
    options_.framing = Framing::until_close;
    options_.keep_open = false;
    add("content");
    EXPECT_EQ(sent(), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\ncontent");
}

TEST_F(ReplySenderTest, AFileThatEndsEarlyEndsTheConnection) {
    add_range(20 * MiB, 11);  // One more than there is.
    std::string bytes = sent();
    EXPECT_FALSE(done_) << "what was promised cannot be kept";
    EXPECT_TRUE(bytes.ends_with("\r\n\r\n" + std::string(10, 'x')));
}

TEST_F(ReplySenderTest, AHeadThatDoesNotFitOrIsNoneIsNotSent) {
    reply_.fields = "X: " + std::string(kResponseHeaderBytesMax + 2 * KiB, 'y') + "\r\n";
    EXPECT_EQ(sent(), "");
    EXPECT_FALSE(done_);
}

TEST_F(ReplySenderTest, AClientThatIsGoneEndsTheSending) {
    add_range(0, 20 * MiB);
    pair_.client().set_option(boost::asio::socket_base::linger(true, 0));
    pair_.client().close();
    EXPECT_FALSE(send());
}

// Sends 2 MiB through small buffers while deadlines pass and the client reads so much every 20 ms. False: it was given up.
bool ReplySenderTest::send_to_reader_of(size_t bytes) {
    pair_.ours().set_option(boost::asio::socket_base::send_buffer_size(64 * KiB));
    pair_.client().set_option(boost::asio::socket_base::receive_buffer_size(64 * KiB));
    add_range(0, 2 * MiB);
    std::atomic<bool> done = false;
    std::thread client([&] {
        std::string room(bytes, '\0');
        while (!done) {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            if (bytes > 0) pair_.client().read_some(boost::asio::buffer(room));
            boost::asio::post(pair_.ours().get_executor(), [&] { pair_.waiting().on_deadline(); });
        }
    });
    bool sent = send();
    done = true;
    client.join();
    return sent;
}

TEST_F(ReplySenderTest, AClientThatDoesNotReadIsGivenUp) { EXPECT_FALSE(send_to_reader_of(0)); }
TEST_F(ReplySenderTest, AClientThatReadsAByteNowAndThenIsGivenUp) { EXPECT_FALSE(send_to_reader_of(1)); }
TEST_F(ReplySenderTest, AClientThatReadsSlowlyButSteadilyGetsAll) { EXPECT_TRUE(send_to_reader_of(64 * KiB)); }

TEST(ClassCounter, IsThatOfTheStatusClass) {
    EXPECT_EQ(class_counter(200), Counter::responses_2xx);
    EXPECT_EQ(class_counter(299), Counter::responses_2xx);
    EXPECT_EQ(class_counter(304), Counter::responses_3xx);
    EXPECT_EQ(class_counter(499), Counter::responses_4xx);
    EXPECT_EQ(class_counter(500), Counter::responses_5xx);
    EXPECT_EQ(class_counter(599), Counter::responses_5xx);
}

}  // namespace
}  // namespace inlay::serve
