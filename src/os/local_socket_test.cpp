#include "os/local_socket.hpp"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/channel.hpp"
#include "os/file.hpp"
#include "os/scratch.hpp"

namespace inlay::os {
namespace {

class LocalSocketTest : public testing::Test {
  protected:
    Scratch scratch_;
    std::string path_ = scratch_.path() + "/" + std::string(120, 'd');  // Longer than a socket's address may be.
    Fd directory_ = open_directory(path_).value();
};

TEST_F(LocalSocketTest, IsReachedByItsOwnUserWithADescriptor) {
    { auto left_behind = listen_local(directory_.get(), "door").value(); }
    auto listener = listen_local(directory_.get(), "door");
    ASSERT_TRUE(listener.ok()) << listener.error().detail;
    EXPECT_FALSE(accept_local(listener->get())) << "nobody waits";
    struct stat found{};
    ASSERT_EQ(::stat((path_ + "/door").c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0600u);

    Channel client(connect_local(directory_.get(), "door").value());
    Fd accepted = accept_local(listener->get());
    ASSERT_TRUE(accepted);
    EXPECT_TRUE(peer_is_trusted(accepted.get()));
    ASSERT_EQ(client.send("take it", {directory_.get()}).value(), Transfer::done);
    Message message;
    ASSERT_EQ(Channel(std::move(accepted)).receive(message).value(), Transfer::done);
    EXPECT_EQ(message.bytes, "take it");
    EXPECT_EQ(message.fds.size(), 1u);
}

TEST_F(LocalSocketTest, KnowsAStranger) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else and come back";
    auto listener = listen_local(directory_.get(), "door").value();
    for (const auto& opened : {scratch_.path(), path_}) ASSERT_EQ(::chmod(opened.c_str(), 0755), 0);
    auto connect_as_stranger = [&] {
        EXPECT_EQ(::seteuid(65534), 0);
        ::prctl(PR_SET_DUMPABLE, 1);  // Else /proc/self is root's now.
        auto connected = connect_local(directory_.get(), "door");
        EXPECT_EQ(::seteuid(0), 0);
        return connected;
    };
    EXPECT_FALSE(connect_as_stranger().ok()) << "the socket's rights keep him out";
    ASSERT_EQ(::chmod((path_ + "/door").c_str(), 0666), 0);
    auto client = connect_as_stranger();
    ASSERT_TRUE(client.ok()) << client.error().detail;
    EXPECT_FALSE(peer_is_trusted(accept_local(listener.get()).get()));
}

TEST_F(LocalSocketTest, SaysWhenNobodyListens) { EXPECT_EQ(connect_local(directory_.get(), "door").error().code, Errc::io_error); }

}  // namespace
}  // namespace inlay::os
