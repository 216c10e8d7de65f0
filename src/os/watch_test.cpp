// Watch: what wakes it, what does not, and when waiting ends.
#include "os/watch.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/clock.hpp"

namespace inlay::os {
namespace {

namespace fs = std::filesystem;

class WatchTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string made = (fs::temp_directory_path() / "inlay-watch-XXXXXX").string();
        ASSERT_NE(::mkdtemp(made.data()), nullptr);
        directory_ = made;
    }
    void TearDown() override { fs::remove_all(directory_); }
    void write(const std::string& name, const char* text = "x") { std::ofstream(directory_ / name) << text; }

    fs::path directory_;
};

TEST_F(WatchTest, WritingMakingRenamingAndRemovingWakeIt) {
    auto watch = Watch::create();
    ASSERT_TRUE(watch.ok() && watch->add(directory_).ok());
    EXPECT_FALSE(watch->take());
    write("a");
    EXPECT_TRUE(watch->take());
    fs::rename(directory_ / "a", directory_ / "b");
    EXPECT_TRUE(watch->take());
    fs::create_directory(directory_ / "sub");
    EXPECT_TRUE(watch->take());
    fs::remove(directory_ / "b");
    EXPECT_TRUE(watch->take());
    EXPECT_FALSE(watch->take());
}

TEST_F(WatchTest, ReadingAndDirectoriesBelowDoNotWakeIt) {
    fs::create_directory(directory_ / "sub");
    write("a");
    auto watch = Watch::create();
    ASSERT_TRUE(watch.ok() && watch->add(directory_).ok());
    write("sub/b");
    std::ifstream(directory_ / "a").get();
    EXPECT_FALSE(watch->take());
    ASSERT_TRUE(watch->add(directory_ / "sub").ok() && watch->add(directory_ / "sub").ok());
    write("sub/b");
    EXPECT_TRUE(watch->take());
}

TEST_F(WatchTest, WhatIsNoDirectoryIsAnError) {
    write("a");
    auto watch = Watch::create();
    ASSERT_TRUE(watch.ok());
    EXPECT_EQ(watch->add(directory_ / "a").error().code, Errc::io_error);
    EXPECT_NE(watch->add(directory_ / "absent").error().detail.find("absent"), std::string::npos);
}

TEST_F(WatchTest, WaitingEndsByAChangeOrByTime) {
    auto watch = Watch::create();
    ASSERT_TRUE(watch.ok() && watch->add(directory_).ok());
    const int fds[] = {-1, watch->fd()};
    const uint64_t begin_ns = monotonic_ns();
    EXPECT_FALSE(wait_readable(fds, 30));
    EXPECT_GE(monotonic_ns() - begin_ns, 25'000'000u);
    write("a");
    EXPECT_TRUE(wait_readable(fds, 10'000));
}

TEST(HeldSignals, AreThereUntilSomebodyReadsThemAlsoWhereOthersHaveHandlers) {
    const int numbers[] = {SIGUSR1};
    auto held = hold_signals(numbers);
    ASSERT_TRUE(held.ok());
    const int fds[] = {held->get()};
    EXPECT_FALSE(wait_readable(fds, 0));
    ::signal(SIGUSR1, [](int) { FAIL() << "it interrupts"; });
    ::raise(SIGUSR1);
    ::signal(SIGUSR1, SIG_DFL);
    EXPECT_TRUE(wait_readable(fds, 0));
    EXPECT_TRUE(wait_readable(fds, 0));
    EXPECT_EQ(take_signal(held->get()), SIGUSR1);
    EXPECT_EQ(take_signal(held->get()), std::nullopt);
    let_signal_through(SIGUSR1);
    static bool got = false;
    ::signal(SIGUSR1, [](int) { got = true; });
    ::raise(SIGUSR1);
    ::signal(SIGUSR1, SIG_DFL);
    EXPECT_TRUE(got);
}

}  // namespace
}  // namespace inlay::os
