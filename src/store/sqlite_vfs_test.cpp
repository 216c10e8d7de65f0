// SQLite behind the disk's door: what changes its files passes there, and what fails there is not reported as done.
#include "store/sqlite_vfs.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "os/disk_refusal.hpp"
#include "store/scratch_directory.hpp"
#include "store/sqlite.hpp"

namespace inlay::store {
namespace {

using os::DiskStep;

class SqliteVfsTest : public testing::Test {
  protected:
    Result<Database> create() {
        auto database = Database::create(path_);
        if (database.ok() && !database->execute("PRAGMA journal_mode = WAL").ok()) return Error{};
        return database;
    }
    static auto ends_with(std::string end) {
        return [end](const std::string& path) { return path.ends_with(end); };
    }

    ScratchDirectory scratch_;
    std::string path_ = scratch_ / "db";
};

TEST_F(SqliteVfsTest, EachChangeOfADatabaseAndItsLogPasses) {
    auto database = create().value();
    for (auto [step, end] : {std::pair(DiskStep::write, "db-wal"), std::pair(DiskStep::sync, "db-wal")}) {
        os::DiskRefusal refusal(step, EIO, ends_with(end));
        EXPECT_FALSE(database.execute("CREATE TABLE t (a)").ok()) << end;
        EXPECT_GE(refusal.refused(), 1) << end;
    }
    ASSERT_TRUE(database.execute("CREATE TABLE t (a)").ok());
    for (auto [step, end] : {std::pair(DiskStep::write, "db"), std::pair(DiskStep::sync, "db"), std::pair(DiskStep::truncate, "db-wal")}) {
        os::DiskRefusal refusal(step, EIO, ends_with(end));
        EXPECT_FALSE(database.execute("PRAGMA wal_checkpoint(TRUNCATE)").ok()) << end;
        EXPECT_GE(refusal.refused(), 1) << end;
        refusal.end();
        ASSERT_TRUE(database.execute("INSERT INTO t VALUES (1)").ok());
    }
    os::DiskRefusal refusal(DiskStep::unlink, EIO, ends_with("db-wal"));
    database = Database();
    EXPECT_EQ(refusal.refused(), 1);
}

TEST_F(SqliteVfsTest, AFullDiskIsToldFromABrokenOneAndAFailedSyncFromBoth) {
    auto database = create().value();
    auto code_at = [&](DiskStep step, int error) {
        os::DiskRefusal refusal(step, error, ends_with("db-wal"));
        return database.execute("CREATE TABLE t (a)").error().code;
    };
    EXPECT_EQ(code_at(DiskStep::write, ENOSPC), Errc::no_space);
    EXPECT_EQ(code_at(DiskStep::write, EIO), Errc::io_error);
    EXPECT_EQ(code_at(DiskStep::sync, ENOSPC), Errc::storage_failed);
    EXPECT_EQ(code_at(DiskStep::sync, EIO), Errc::storage_failed);
}

TEST_F(SqliteVfsTest, AFileWhoseNameCannotBeMadeDurableIsNotUsedAndNotLeftBehind) {
    std::string directory = scratch_.path().string();
    {
        os::DiskRefusal refusal(DiskStep::sync, EIO, [&](const std::string& path) { return path == directory; });
        EXPECT_EQ(Database::create(path_).error().code, Errc::storage_failed);
    }
    EXPECT_FALSE(std::filesystem::exists(path_));
    auto database = create().value();
    ASSERT_TRUE(database.execute("CREATE TABLE t (a)").ok());
    database = Database();
    os::DiskRefusal refusal(DiskStep::sync, EIO, [&](const std::string& path) { return path == directory; });
    auto again = Database::create(path_).value();
    EXPECT_FALSE(again.execute("INSERT INTO t VALUES (1)").ok()) << "its log is new";
    EXPECT_FALSE(std::filesystem::exists(path_ + "-wal"));
}

TEST_F(SqliteVfsTest, FilesAreReadAndLockedAsSqliteDoes) {
    auto database = create().value();
    ASSERT_TRUE(database.execute("CREATE TABLE t (a); BEGIN IMMEDIATE; INSERT INTO t VALUES (7)").ok());
    auto other = Database::create(path_).value();
    ASSERT_TRUE(other.execute("PRAGMA busy_timeout = 0").ok());
    EXPECT_FALSE(other.execute("BEGIN IMMEDIATE").ok());
    ASSERT_TRUE(database.execute("COMMIT").ok());
    EXPECT_EQ(other.number("SELECT a FROM t").value(), 7u);
    EXPECT_TRUE(other.execute("BEGIN IMMEDIATE; ROLLBACK").ok());
}

}  // namespace
}  // namespace inlay::store
