// Locks: who shares, who is kept out, and that all end with their descriptor.
#include "os/file_lock.hpp"

#include <gtest/gtest.h>

#include "os/file.hpp"
#include "os/scratch.hpp"

namespace inlay::os {
namespace {

class FileLockTest : public testing::Test {
  protected:
    Fd open() { return create_file(scratch_.fd(), "lock").value(); }

    Scratch scratch_;
};

TEST_F(FileLockTest, SharedLocksAgreeAndKeepAnExclusiveOneAway) {
    Fd one = open(), other = open(), server = open();
    EXPECT_TRUE(try_shared_lock(one.get()).value());
    EXPECT_TRUE(try_shared_lock(other.get()).value());
    EXPECT_FALSE(try_lock(server.get()).value());
    one.close(), other.close();
    EXPECT_TRUE(try_lock(server.get()).value());
    EXPECT_FALSE(try_shared_lock(open().get()).value());
}

TEST_F(FileLockTest, AHoldIsSeenFromOtherDescriptorsUntilTheLastOneEnds) {
    Fd seer = open(), one = open(), other = open();
    EXPECT_FALSE(is_held(seer.get()).value());
    ASSERT_TRUE(hold(one.get()).ok());
    ASSERT_TRUE(hold(other.get()).ok());
    open();  // Closing another descriptor of the file ends no hold.
    EXPECT_TRUE(is_held(seer.get()).value());
    one.close();
    EXPECT_TRUE(is_held(seer.get()).value());
    other.close();
    EXPECT_FALSE(is_held(seer.get()).value());
}

TEST_F(FileLockTest, ADirectoryCanBeHeldToo) {
    Fd one = open_directory(scratch_.path()).value();
    ASSERT_TRUE(hold(one.get()).ok());
    EXPECT_TRUE(is_held(scratch_.fd()).value());
    one.close();
    EXPECT_FALSE(is_held(scratch_.fd()).value());
}

TEST_F(FileLockTest, WhatIsNoFileIsAnError) {
    EXPECT_FALSE(try_shared_lock(-1).ok());
    EXPECT_FALSE(hold(-1).ok());
    EXPECT_FALSE(is_held(-1).ok());
}

}  // namespace
}  // namespace inlay::os
