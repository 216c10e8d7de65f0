// Backups: whole and of one moment beside a writer, and what is not complete does not have the name.
#include "store/backup.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "os/disk_refusal.hpp"
#include "store/inspection.hpp"
#include "store/standing_data.hpp"

namespace inlay::store {
namespace {

class BackupTest : public testing::Test {
  protected:
    Result<BackedUp> back_up(const std::string& to, FileSharing sharing = FileSharing::where_possible) {
        return store::back_up(Visit::create(data_.path()).value(), to, {.sharing = sharing});
    }
    void expect_clean(const std::string& path) {
        auto found = [](const Finding& finding) { ADD_FAILURE() << finding.kind << " " << finding.thing << ": " << finding.found; };
        EXPECT_TRUE(inspect(Visit::create(path).value(), {.content = true, .found = found}).ok());
    }
    std::string content_in(const std::string& path, const std::string& key) {
        auto catalog = CatalogReader::create(path + "/catalog.db").value();
        auto object = catalog.find_object({"b", key}).value();
        auto file = ObjectDirectory::create(path).value()->open(object->version).value();
        return os::read_all(file->get(), 1000).value();
    }

    StandingData data_;
    std::string to_ = data_.scratch / "backup";
};

TEST_F(BackupTest, HoldsEverythingAndIsADataDirectory) {
    data_.put("b", "k", "old");
    data_.put("b", "k", "new");
    data_.put("b", "empty", "");
    data_.put("b", "linked", "content", "/nowhere", "stamp");
    data_.deploy("f", "module");
    auto made = back_up(to_);
    ASSERT_TRUE(made.ok()) << made.error().detail;
    EXPECT_EQ(made->objects, 3u);
    EXPECT_EQ(made->linked, 1u);
    EXPECT_EQ(made->functions, 1u);
    EXPECT_EQ(made->shared_files, 3u);
    EXPECT_EQ(content_in(to_, "k"), "new");
    EXPECT_EQ(content_in(to_, "empty"), "");
    EXPECT_TRUE(std::filesystem::exists(to_ + "/backup.json"));
    EXPECT_FALSE(std::filesystem::exists(to_ + ".unfinished"));
}

TEST_F(BackupTest, CopiesShareNothing) {
    auto version = data_.put("b", "k", "content");
    auto made = back_up(to_, FileSharing::none);
    ASSERT_TRUE(made.ok()) << made.error().detail;
    EXPECT_EQ(made->shared_files, 0u);
    EXPECT_EQ(made->copied_files, 1u);
    EXPECT_EQ(std::filesystem::hard_link_count(data_.object_path(version)), 1u);
    EXPECT_EQ(content_in(to_, "k"), "content");
}

TEST_F(BackupTest, OfAStoppedServerChangesNothingThere) {
    data_.put("b", "k", "content");
    data_.stop();
    auto before = tree_of(data_.path());
    ASSERT_TRUE(back_up(to_).ok());
    EXPECT_EQ(tree_of(data_.path()), before);
    expect_clean(to_);
}

TEST_F(BackupTest, WhatIsReplacedWhileItIsMadeIsInIt) {
    for (int key = 0; key < 20; key++) data_.put("b", std::to_string(key), "first");
    std::atomic<bool> ends = false;
    std::thread writer([&] {
        for (int round = 0; !ends; round++) data_.put("b", std::to_string(round % 20), "round " + std::to_string(round));
    });
    for (int i = 0; i < 20; i++) {
        auto made = back_up(to_ + std::to_string(i));
        EXPECT_TRUE(made.ok()) << made.error().detail;
        expect_clean(to_ + std::to_string(i));
    }
    ends = true;
    writer.join();
}

TEST_F(BackupTest, NothingIsWrittenOver) {
    data_.put("b", "k", "content");
    std::filesystem::create_directory(to_);
    std::ofstream(to_ + "/file") << "x";
    EXPECT_EQ(back_up(to_).error().code, Errc::precondition_failed);
    EXPECT_EQ(tree_of(to_).size(), 1u);
    std::filesystem::remove(to_ + "/file");
    EXPECT_TRUE(back_up(to_ + "/").ok());
    std::filesystem::create_directory(to_ + "2.unfinished");
    EXPECT_EQ(back_up(to_ + "2").error().code, Errc::precondition_failed);
    EXPECT_TRUE(std::filesystem::exists(to_ + "2.unfinished"));
}

TEST_F(BackupTest, OfDamagedDataThereIsNoneAndNothingIsLeft) {
    std::filesystem::remove(data_.object_path(data_.put("b", "k", "content")));
    auto failed = back_up(to_);
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().code, Errc::corrupt);
    EXPECT_NE(failed.error().detail.find("b/k"), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(to_) || std::filesystem::exists(to_ + ".unfinished"));
}

TEST_F(BackupTest, WhoseNameIsNotDurableIsNoneAndLeavesNothing) {
    data_.put("b", "k", "content");
    std::string parent = data_.scratch.path().string();
    os::DiskRefusal refusal(os::DiskStep::sync, EIO, [&](const std::string& path) { return path == parent; });
    EXPECT_EQ(back_up(to_).error().code, Errc::io_error);
    EXPECT_EQ(refusal.refused(), 1);
    EXPECT_FALSE(std::filesystem::exists(to_) || std::filesystem::exists(to_ + ".unfinished"));
}

TEST_F(BackupTest, AMountedFilesystemIsRefusedAndADirectoryBelowItIsFilledByCopies) {
    MountedFilesystem memory("tmpfs");
    if (!memory.reason().empty()) GTEST_SKIP() << memory.reason();
    data_.put("b", "k", "content");
    EXPECT_EQ(back_up(memory.path()).error().code, Errc::precondition_failed);
    auto made = back_up(memory / "backup");
    ASSERT_TRUE(made.ok()) << made.error().detail;
    EXPECT_EQ(made->copied_files, 1u);
    EXPECT_EQ(content_in(memory / "backup", "k"), "content");
}

TEST_F(BackupTest, AFullDiskLeavesNothing) {
    MountedFilesystem small("tmpfs", "size=1M");
    if (!small.reason().empty()) GTEST_SKIP() << small.reason();
    data_.put("b", "k", std::string(2 << 20, 'x'));
    EXPECT_EQ(back_up(small / "backup").error().code, Errc::no_space);
    EXPECT_TRUE(std::filesystem::is_empty(small.path()));
}

}  // namespace
}  // namespace inlay::store
