#include "os/leased_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "os/file.hpp"
#include "os/memfd.hpp"
#include "os/scratch.hpp"

namespace inlay::os {
namespace {

class LeasedFileTest : public testing::Test {
  protected:
    LeasedFileTest() {
        ::signal(kLeaseSignal, SIG_IGN);
        std::ofstream(path_) << "content";
    }

    Result<LeasedFile> lease() { return LeasedFile::create(open_file(path_).value().get()); }

    Scratch scratch_;
    std::string directory_ = real_path(scratch_.path()).value();
    std::string path_ = directory_ + "/file";
};

TEST_F(LeasedFileTest, HoldsUntilSomebodyWantsToWrite) {
    auto file = lease();
    ASSERT_TRUE(file.ok()) << file.error().detail;
    EXPECT_TRUE(file->holds());
    EXPECT_EQ(file->path(), path_);
    EXPECT_EQ(file->size(), 7u);
    Fd reader = file->open().value();
    EXPECT_TRUE(file->is_behind(reader.get()));
    EXPECT_FALSE(file->is_behind(create_memfd("other", 4096).value().get()));
    EXPECT_TRUE(file->holds()) << "readers do not break it";
    EXPECT_FALSE(can_write_now(path_)) << "the writer waits";
    EXPECT_FALSE(file->holds());
    { auto ended = std::move(file).value(); }
    EXPECT_TRUE(can_write_now(path_)) << "and goes on when the lease has ended";
}

TEST_F(LeasedFileTest, IsRefusedWhileSomebodyHasItOpenForWriting) {
    Fd writer(::open(path_.c_str(), O_WRONLY));
    auto file = lease();
    ASSERT_FALSE(file.ok());
    EXPECT_EQ(file.error().code, Errc::bad_request);
    EXPECT_NE(file.error().detail.find("open for writing"), std::string::npos);
}

TEST_F(LeasedFileTest, WhoeverGaveTheDescriptorCannotGiveTheLeaseBack) {
    Fd given = open_file(path_).value();
    auto file = LeasedFile::create(given.get());
    ASSERT_TRUE(file.ok());
    (void)::fcntl(given.get(), F_SETLEASE, F_UNLCK);
    given.close();
    EXPECT_TRUE(file->holds());
}

TEST_F(LeasedFileTest, TellsARemovedFileByItsStamp) {
    auto file = lease();
    ASSERT_EQ(::unlink(path_.c_str()), 0);
    EXPECT_FALSE(file->holds());
}

// Where no lease is broken - another machine of a network filesystem, a filesystem that has lost it - the stamp is what is left.
TEST_F(LeasedFileTest, TellsByItsTimeOfChangeWhatAllElseOfTheStampHides) {
    auto file = lease();
    struct stat before{}, after{};
    ASSERT_EQ(::stat(path_.c_str(), &before), 0);
    timespec as_they_were[2] = {before.st_atim, before.st_mtim};
    std::string stamp = file->stamp();
    for (int i = 0; i < 1000 && stamp == stamp_at(path_).value(); i++) {  // The kernel's clock is coarse.
        ASSERT_EQ(::utimensat(AT_FDCWD, path_.c_str(), as_they_were, 0), 0);
        ::usleep(100);
    }
    ASSERT_EQ(::stat(path_.c_str(), &after), 0);
    ASSERT_EQ(before.st_ino, after.st_ino);
    ASSERT_EQ(before.st_size, after.st_size);
    ASSERT_EQ(before.st_mtim.tv_sec, after.st_mtim.tv_sec);
    ASSERT_EQ(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    EXPECT_FALSE(file->holds());
    EXPECT_FALSE(can_write_now(path_)) << "the lease itself stood until here";
}

TEST_F(LeasedFileTest, RefusesWhatIsNoReadableFileWithBytesAndAName) {
    Fd empty = create_file(scratch_.fd(), "empty").value();
    EXPECT_EQ(LeasedFile::create(empty.get()).error().code, Errc::bad_request);
    EXPECT_EQ(LeasedFile::create(scratch_.fd()).error().code, Errc::bad_request);
    Fd path_only(::open(path_.c_str(), O_PATH | O_CLOEXEC));
    EXPECT_EQ(LeasedFile::create(path_only.get()).error().code, Errc::bad_request);
    Fd kept = open_file(path_).value();
    ASSERT_EQ(::unlink(path_.c_str()), 0);
    EXPECT_NE(LeasedFile::create(kept.get()).error().detail.find("no name"), std::string::npos);
}

TEST_F(LeasedFileTest, APipeAtItsPathHoldsNobodyUp) {
    EXPECT_TRUE(LeasedFile::create_at(path_).ok());
    ASSERT_EQ(::unlink(path_.c_str()), 0);
    EXPECT_EQ(LeasedFile::create_at(path_).error().code, Errc::io_error);
    ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    EXPECT_EQ(LeasedFile::create_at(path_).error().code, Errc::bad_request);
}

TEST_F(LeasedFileTest, RefusesAFileOfAnotherUser) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else and come back";
    Fd given = open_file(path_).value();
    ASSERT_EQ(::chmod(directory_.c_str(), 0755), 0);
    ASSERT_EQ(::seteuid(65534), 0);
    ::prctl(PR_SET_DUMPABLE, 1);  // Else /proc/self is root's now.
    auto file = LeasedFile::create(given.get());
    ASSERT_EQ(::seteuid(0), 0);
    ASSERT_FALSE(file.ok());
    EXPECT_NE(file.error().detail.find("another user"), std::string::npos) << file.error().detail;
}

TEST_F(LeasedFileTest, TheStampOfAPathNeedsNoLease) {
    Fd given = open_file(path_).value();
    EXPECT_EQ(stamp_at(path_).value(), LeasedFile::create(given.get())->stamp());
    EXPECT_FALSE(stamp_at(path_ + "-absent").ok());
}

TEST(LiesBelowTest, ComparesWholeNames) {
    EXPECT_TRUE(lies_below("/a/b/c", "/a/b"));
    EXPECT_FALSE(lies_below("/a/bc", "/a/b"));
    EXPECT_FALSE(lies_below("/a/b", "/a/b"));
    EXPECT_TRUE(lies_below("/a", "/"));
}

}  // namespace
}  // namespace inlay::os
