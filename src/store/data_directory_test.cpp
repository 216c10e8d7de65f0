// Opening a data directory: once at a time, each start with a number of its own, and nothing left of a start that failed.
#include "store/data_directory.hpp"

#include <gtest/gtest.h>

#include "os/disk_refusal.hpp"
#include "os/file.hpp"
#include "store/scratch_directory.hpp"
#include "store/version.hpp"

namespace inlay::store {
namespace {

class DataDirectoryTest : public testing::Test {
  protected:
    // Opens while the sync of one directory fails, and gives what is left there.
    Errc open_while_unsyncable(const std::string& directory) {
        os::DiskRefusal refusal(os::DiskStep::sync, EIO, [&](const std::string& path) { return path == directory; });
        auto opened = DataDirectory::open(path_);
        EXPECT_EQ(refusal.refused(), 1);
        return opened.ok() ? Errc::internal : opened.error().code;
    }

    ScratchDirectory scratch_;
    std::string path_ = scratch_ / "data";
};

TEST_F(DataDirectoryTest, EachStartHasANumberOfItsOwnAndKeepsWhatWasThere) {
    std::string version = VersionSource(1).next();
    {
        auto data = DataDirectory::open(path_).value();
        EXPECT_EQ(data.epoch, 1u);
        ASSERT_TRUE(data.objects->write(version, std::string_view("kept")).ok());
    }
    auto data = DataDirectory::open(path_).value();
    EXPECT_EQ(data.epoch, 2u);
    EXPECT_TRUE(data.objects->open(version).value());
    EXPECT_TRUE(data.ballast->throw_off()) << "held since the start";
}

TEST_F(DataDirectoryTest, IsOpenedOnceAtATime) {
    auto data = DataDirectory::open(path_).value();
    auto second = DataDirectory::open(path_);
    ASSERT_FALSE(second.ok());
    EXPECT_NE(second.error().detail.find("already served"), std::string::npos) << second.error().detail;
    EXPECT_EQ(data.epoch, 1u);
}

TEST_F(DataDirectoryTest, NamesThatCannotBeMadeDurableFailTheStartAndAreMadeAnewByTheNext) {
    EXPECT_EQ(open_while_unsyncable(scratch_.path()), Errc::storage_failed);
    EXPECT_FALSE(std::filesystem::exists(path_));
    EXPECT_EQ(open_while_unsyncable(path_), Errc::storage_failed);
    EXPECT_FALSE(std::filesystem::exists(path_ + "/objects"));
    ASSERT_TRUE(DataDirectory::open(path_).ok());
    EXPECT_EQ(open_while_unsyncable(path_), Errc::storage_failed);
    EXPECT_TRUE(std::filesystem::exists(path_ + "/objects")) << "what was there stays";
}

}  // namespace
}  // namespace inlay::store
