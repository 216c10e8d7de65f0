// Visits: beside a server and alone, and nothing of the directory changes by them.
#include "store/visit.hpp"

#include <gtest/gtest.h>

#include <map>

#include "base/limits.hpp"
#include "os/file.hpp"
#include "store/standing_data.hpp"

namespace inlay::store {
namespace {

class VisitTest : public testing::Test {
  protected:
    std::map<std::string, std::string> tree() { return tree_of(data_.path()); }

    StandingData data_;
};

TEST_F(VisitTest, WithoutAServerNobodyCanStartOneMeanwhile) {
    os::Fd lock = data_.stop();
    lock.close();
    {
        auto visit = Visit::create(data_.path());
        ASSERT_TRUE(visit.ok()) << visit.error().detail;
        EXPECT_FALSE(visit->served());
        EXPECT_FALSE(Visit::create(data_.path()).value().served());
        EXPECT_FALSE(os::try_lock(data_.open_lock().get()).value());
    }
    EXPECT_TRUE(os::try_lock(data_.open_lock().get()).value());
}

TEST_F(VisitTest, ReadingTheCatalogOfAStoppedServerChangesNothing) {
    data_.put("b", "k", "content");
    data_.stop();
    auto before = tree();
    EXPECT_FALSE(before.contains("catalog.db-wal"));
    EXPECT_EQ(Visit::create(data_.path()).value().open_catalog().value().count().value().objects, 1u);
    EXPECT_EQ(tree(), before);
}

TEST_F(VisitTest, ReadingTheLogThatAKilledServerLeftChangesNothing) {
    data_.put("b", "k", "content");
    // As a crash leaves them: copied while the catalog is open, and without the index of the log.
    ScratchDirectory killed;
    std::filesystem::copy(data_.path(), killed.path(), std::filesystem::copy_options::recursive);
    std::filesystem::remove(killed / "catalog.db-shm");
    auto before = tree_of(killed.path());
    ASSERT_FALSE(before["catalog.db-wal"].empty());
    EXPECT_EQ(Visit::create(killed.path()).value().open_catalog().value().count().value().objects, 1u);
    EXPECT_EQ(tree_of(killed.path()), before);
}

TEST_F(VisitTest, BesideAServerLaterCommitsAreSeen) {
    auto visit = Visit::create(data_.path()).value();
    EXPECT_TRUE(visit.served());
    auto catalog = visit.open_catalog().value();
    data_.put("b", "k", "content");
    EXPECT_EQ(catalog.count().value().objects, 1u);
}

TEST_F(VisitTest, RemovalsWaitForTheHoldAndComeAfterIt) {
    auto version = data_.put("b", "k", "old");
    auto visit = Visit::create(data_.path()).value();
    {
        auto hold = visit.hold_removals().value();
        auto other = data_.put("b", "k", "new");
        EXPECT_TRUE(data_.has(version) && data_.has(other));
    }
    data_.put("b", "k", "newer");
    EXPECT_FALSE(data_.has(version));
}

TEST_F(VisitTest, OfMoreRemovalsThanAreRememberedTheRestIsLeftForTheSweep) {
    auto last = data_.put("b", "k", "x");
    auto visit = Visit::create(data_.path()).value();
    {
        auto hold = visit.hold_removals().value();
        for (size_t i = 0; i < kRemovalsHeldMax; i++) ASSERT_TRUE(data_.directory->remove(data_.versions.next()).ok());
        ASSERT_TRUE(data_.directory->remove(last).ok());
    }
    ASSERT_TRUE(data_.directory->remove(data_.versions.next()).ok());
    EXPECT_TRUE(data_.has(last));
}

TEST_F(VisitTest, TheSweepLeavesWhatAHoldKeeps) {
    auto old = data_.put("b", "k", "x");
    SweepRules rules{.current_epoch = 1000, .object_is_known = [](auto) { return Result<bool>(false); }, .module_is_known = [](auto) { return Result<bool>(false); }};
    auto visit = Visit::create(data_.path()).value();
    {
        auto hold = visit.hold_removals().value();
        EXPECT_EQ(data_.directory->sweep(rules, {}).value().removed, 0u);
    }
    EXPECT_TRUE(data_.has(old));
    EXPECT_EQ(data_.directory->sweep(rules, {}).value().removed, 1u);
}

TEST_F(VisitTest, WhatIsNoDataDirectoryIsRefused) {
    ScratchDirectory other;
    EXPECT_EQ(Visit::create(other.path()).error().code, Errc::not_found);
    EXPECT_EQ(Visit::create(other / "absent").error().code, Errc::io_error);
    std::filesystem::create_directory(other / "objects");
    auto visit = Visit::create(other.path()).value();
    EXPECT_EQ(visit.open_catalog().error().code, Errc::not_found);
}

}  // namespace
}  // namespace inlay::store
