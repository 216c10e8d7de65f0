// Channels: whole messages in order, with the descriptors that they brought.
#include "os/channel.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/limits.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"

namespace inlay::os {
namespace {

class ChannelTest : public testing::Test {
  protected:
    std::string received() {
        auto transfer = there_.receive(message_);
        if (!transfer.ok()) return "(" + transfer.error().detail + ")";
        if (*transfer == Transfer::would_block) return "(would block)";
        return *transfer == Transfer::closed ? "(closed)" : std::string(message_.bytes);
    }
    Transfer sent(const std::string& bytes, const std::vector<int>& fds = {}) { return here_.send(bytes, fds).value(); }

    std::pair<Channel, Channel> pair_ = Channel::create_pair().value();
    Channel &here_ = pair_.first, &there_ = pair_.second;
    Message message_;
};

TEST_F(ChannelTest, MessagesArriveWholeAndInOrder) {
    std::string largest(kMessageBytesMax, 'x');
    EXPECT_EQ(sent("one"), Transfer::done);
    EXPECT_EQ(sent(largest), Transfer::done);
    EXPECT_EQ(sent(std::string("\0two", 4)), Transfer::done);
    EXPECT_EQ(received(), "one");
    EXPECT_TRUE(received() == largest);
    EXPECT_EQ(received(), std::string("\0two", 4));
}

TEST_F(ChannelTest, DescriptorsCrossWithTheirMessage) {
    std::vector<Fd> files;
    std::vector<int> fds;
    for (size_t i = 0; i < kMessageFdsMax; i++) {
        files.push_back(create_memfd_of("channel-test", std::to_string(i)).value());
        fds.push_back(files.back().get());
    }
    EXPECT_EQ(sent("many", fds), Transfer::done);
    EXPECT_EQ(sent("none"), Transfer::done);
    files.clear();
    EXPECT_EQ(received(), "many");
    ASSERT_EQ(message_.fds.size(), kMessageFdsMax);
    for (size_t i = 0; i < kMessageFdsMax; i++) EXPECT_EQ(read_from_start(message_.fds[i].get(), 10).value(), std::to_string(i));
    EXPECT_EQ(received(), "none");
    EXPECT_TRUE(message_.fds.empty()) << "those of the message before are closed";
}

TEST_F(ChannelTest, NothingThereWouldBlock) {
    ASSERT_TRUE(there_.set_blocking(false).ok());
    EXPECT_EQ(received(), "(would block)");
    EXPECT_FALSE(there_.wait_readable(10).value());
    EXPECT_EQ(sent("x"), Transfer::done);
    EXPECT_TRUE(there_.wait_readable(1000).value());
    ASSERT_TRUE(there_.set_blocking(true).ok());
    EXPECT_EQ(received(), "x");
}

TEST_F(ChannelTest, AFullOneWouldBlockAndGoesOnWhenItIsRead) {
    ASSERT_TRUE(here_.set_blocking(false).ok());
    std::string piece(kMessageBytesMax, 'x');
    size_t count = 0;
    while (count < 1000 && sent(piece) == Transfer::done) count++;
    EXPECT_GE(count, 2u);
    ASSERT_LT(count, 1000u);
    for (size_t i = 0; i < count; i++) ASSERT_TRUE(received() == piece);
    EXPECT_EQ(sent("after"), Transfer::done);
    EXPECT_EQ(received(), "after");
}

TEST_F(ChannelTest, APeerThatIsGoneIsClosed) {
    EXPECT_EQ(sent("last"), Transfer::done);
    { Channel gone(here_.release()); }
    EXPECT_TRUE(there_.wait_readable(1000).value());
    EXPECT_EQ(received(), "last") << "what was sent before still arrives";
    EXPECT_EQ(received(), "(closed)");
    EXPECT_EQ(there_.send("x", {}).value(), Transfer::closed);
}

TEST_F(ChannelTest, ACutMessageIsAnErrorAndItsDescriptorsAreClosed) {
    std::string oversized(kMessageBytesMax + 1, 'x');
    ASSERT_EQ(::send(here_.fd(), oversized.data(), oversized.size(), 0), static_cast<ssize_t>(oversized.size()));
    EXPECT_EQ(received(), "(a message between our processes was cut)");
    EXPECT_EQ(sent("next"), Transfer::done);
    EXPECT_EQ(received(), "next");
}

TEST_F(ChannelTest, SendingMoreThanFitsIsABugOfOurs) {
    EXPECT_DEATH((void)here_.send(std::string(kMessageBytesMax + 1, 'x'), {}), "check failed");
    EXPECT_DEATH((void)here_.send("x", std::vector<int>(kMessageFdsMax + 1, 0)), "check failed");
}

TEST_F(ChannelTest, ABadDescriptorIsAnErrorAndNotTheEndOfThePeer) {
    auto failed = here_.send("x", {-1});
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().code, Errc::io_error);
    EXPECT_EQ(sent("y"), Transfer::done);
    EXPECT_EQ(received(), "y");
}

TEST(Channel, OfNoSocketFailsWithErrors) {
    Channel none{Fd()};
    Message message;
    EXPECT_FALSE(none.send("x", {}).ok());
    EXPECT_FALSE(none.receive(message).ok());
    EXPECT_FALSE(none.set_blocking(true).ok());
}

}  // namespace
}  // namespace inlay::os
