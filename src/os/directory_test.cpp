// Directories: entries are seen as they are, copies are whole, and nothing is written over.
#include "os/directory.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/memfd.hpp"
#include "os/scratch.hpp"

namespace inlay::os {
namespace {

class DirectoryTest : public testing::Test {
  protected:
    Fd file(const std::string& name, std::string_view content) {
        Fd fd = create_file(scratch_.fd(), name).value();
        EXPECT_TRUE(write_all(fd.get(), content).ok());
        return fd;
    }
    std::string path(const std::string& name) { return scratch_.path() + "/" + name; }

    Scratch scratch_;
};

TEST_F(DirectoryTest, AnEntryIsSeenAsItIs) {
    file("file", "12345");
    ASSERT_EQ(::symlink("file", path("symlink").c_str()), 0);
    ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
    EXPECT_EQ(entry_status(scratch_.fd(), "file").value()->size, 5u);
    EXPECT_TRUE(entry_status(scratch_.fd(), "file").value()->is_regular);
    EXPECT_FALSE(entry_status(scratch_.fd(), "symlink").value()->is_regular);
    EXPECT_FALSE(entry_status(scratch_.fd(), "pipe").value()->is_regular);
    EXPECT_FALSE(entry_status(scratch_.fd(), "absent").value().has_value());
    EXPECT_FALSE(entry_status(-1, "file").ok());
}

TEST_F(DirectoryTest, OnlyWhatIsADirectoryIsOpened) {
    file("file", "");
    ASSERT_TRUE(create_directory(path("made")).ok());
    ASSERT_EQ(::symlink("made", path("symlink").c_str()), 0);
    EXPECT_TRUE(open_existing_directory(path("made")).ok());
    EXPECT_FALSE(open_existing_directory(path("absent")).ok());
    EXPECT_TRUE(open_directory_if_present(scratch_.fd(), "made").value().has_value());
    for (const char* name : {"file", "symlink", "absent"})
        EXPECT_FALSE(open_directory_if_present(scratch_.fd(), name).value().has_value()) << name;
}

TEST_F(DirectoryTest, WhatExistsIsNotWrittenOver) {
    ASSERT_TRUE(create_directory(path("new")).ok());
    ASSERT_TRUE(create_directory(path("empty")).ok());
    EXPECT_FALSE(create_directory(path("new")).ok());
    Fd full = create_directory(path("full")).value();
    ASSERT_TRUE(create_file(full.get(), "file").ok());
    EXPECT_FALSE(rename_directory(path("new"), path("full")).ok());
    EXPECT_TRUE(rename_directory(path("new"), path("empty")).ok());
}

TEST_F(DirectoryTest, ACopyIsWholeAlsoFromAnotherFilesystem) {
    std::string content(100'000, 'x');
    Fd memory = create_memfd_of("test", content).value();
    Fd from = file("from", content);
    EXPECT_FALSE(is_same_filesystem(from.get(), memory.get()).value());
    EXPECT_TRUE(is_same_filesystem(from.get(), scratch_.fd()).value());
    for (int source : {from.get(), memory.get()}) {
        Fd to = file("to", "");
        ASSERT_TRUE(copy_file(source, to.get(), content.size()).ok());
        EXPECT_EQ(read_from_start(to.get(), content.size()).value(), content);
    }
}

TEST_F(DirectoryTest, AFileThatIsShorterThanItsCopyShouldBeIsAnError) {
    Fd from = file("from", "12345"), to = file("to", "");
    auto copied = copy_file(from.get(), to.get(), 6);
    ASSERT_FALSE(copied.ok());
    EXPECT_EQ(copied.error().code, Errc::object_changed);
}

TEST_F(DirectoryTest, AFilesystemIsFlushed) {
    EXPECT_TRUE(sync_filesystem(file("file", "1").get()).ok());
    EXPECT_FALSE(sync_filesystem(-1).ok());
}

}  // namespace
}  // namespace inlay::os
