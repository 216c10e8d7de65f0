// The model of a disk whose power fails: only what was synced is there for sure, and a failed sync is no sync.
#include "os/power_loss.hpp"

#include <gtest/gtest.h>

#include <set>

#include "os/directory.hpp"
#include "os/disk_refusal.hpp"
#include "os/scratch.hpp"

namespace inlay::os {
namespace {

class PowerLossTest : public testing::Test {
  protected:
    // Makes changes in a directory "root" and gives what lies there after the power failed: "name=content" of each entry.
    template <class Change>
    std::set<std::string> after(Loss loss, Change change, FaultPlan plan = {}) {
        Scratch scratch;
        Fd root = create_directory(scratch.path() + "/root").value();
        {
            DiskTrace trace(scratch.path() + "/root", scratch.path() + "/trace", plan);
            change(root.get());
        }
        DiskModel disk(status(root.get())->inode);
        std::ifstream in(scratch.path() + "/trace", std::ios::binary);
        for (DiskEvent event; event.read(in);) disk.apply(event);
        disk.write_image(scratch.path() + "/image", loss);
        std::set<std::string> found;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(scratch.path() + "/image")) {
            std::ostringstream content;
            if (entry.is_regular_file() && entry.file_size() > 0) content << std::ifstream(entry.path(), std::ios::binary).rdbuf();
            found.insert(std::filesystem::relative(entry.path(), scratch.path() + "/image").string() + "=" + content.str());
        }
        return found;
    }
    using Found = std::set<std::string>;
    static constexpr Loss kAll{Loss::Kind::all}, kNone{Loss::Kind::none};
};

TEST_F(PowerLossTest, AFileIsThereWithItsContentAfterBothWereSynced) {
    auto change = [](bool file, bool directory) {
        return [=](int root) {
            Fd fd = create_unnamed(root).value();
            EXPECT_TRUE(write_all(fd.get(), "content").ok());
            EXPECT_TRUE(!file || sync(fd.get()).ok());
            EXPECT_TRUE(link(fd.get(), root, "name").ok());
            EXPECT_TRUE(!directory || sync(root).ok());
        };
    };
    EXPECT_EQ(after(kAll, change(true, true)), Found{"name=content"});
    EXPECT_EQ(after(kAll, change(true, false)), Found{});
    EXPECT_EQ(after(kAll, change(false, true)), Found{"name="});
    EXPECT_EQ(after(kNone, change(false, false)), Found{"name=content"});
}

TEST_F(PowerLossTest, AFailedSyncIsNotMendedByAnotherButWhatComesLaterIsKept) {
    auto change = [](int root) {
        Fd fd = create_file(root, "name").value();
        EXPECT_TRUE(sync(root).ok());
        EXPECT_TRUE(write_all(fd.get(), "lost").ok());
        EXPECT_FALSE(sync(fd.get()).ok());
        EXPECT_TRUE(sync(fd.get()).ok());
        EXPECT_EQ(read_from_start(fd.get(), 100).value(), "lost") << "as long as there is power";
        EXPECT_TRUE(write_all_at(fd.get(), "kept", 4).ok());
        EXPECT_TRUE(sync(fd.get()).ok());
    };
    EXPECT_EQ(after(kAll, change, {4, EIO}), Found{std::string("name=\0\0\0\0kept", 13)});
}

TEST_F(PowerLossTest, NamesComeAndGoWithTheirDirectory) {
    auto change = [](bool synced) {
        return [=](int root) {
            EXPECT_TRUE(make_directory(root, "below").value());
            Fd below = open_directory_at(root, "below").value();
            EXPECT_TRUE(make_file(below.get(), "one").value() && make_file(below.get(), "two").value());
            EXPECT_TRUE(sync(below.get()).ok() && sync(root).ok());
            EXPECT_TRUE(rename(below.get(), "one", "other").ok() && unlink(below.get(), "two").ok());
            EXPECT_TRUE(!synced || sync_filesystem(root).ok());
        };
    };
    EXPECT_EQ(after(kAll, change(false)), (Found{"below=", "below/one=", "below/two="}));
    EXPECT_EQ(after(kAll, change(true)), (Found{"below=", "below/other="}));
    EXPECT_EQ(after(kNone, change(false)), (Found{"below=", "below/other="}));
}

TEST_F(PowerLossTest, SomeOfWhatWasNotSyncedIsKeptWholeOrTorn) {
    auto change = [](int root) {
        Fd fd = create_file(root, "name").value();
        EXPECT_TRUE(sync(root).ok());
        EXPECT_TRUE(write_all(fd.get(), std::string(1024, 'w')).ok());
    };
    Found all;
    for (uint32_t seed = 0; seed < 100; seed++) all.merge(after({Loss::Kind::some, seed}, change));
    EXPECT_EQ(all, (Found{"name=", "name=" + std::string(512, 'w'), "name=" + std::string(1024, 'w')}));
}

}  // namespace
}  // namespace inlay::os
