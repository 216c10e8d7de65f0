// The wrapper around SQLite: values come back as they went in, and failures become Errors.
#include "store/sqlite.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "store/scratch_directory.hpp"

namespace inlay::store {
namespace {

class SqliteTest : public testing::Test {
  protected:
    Database create(const std::string& name) { return Database::create(scratch_ / name).value(); }

    ScratchDirectory scratch_;
};

TEST_F(SqliteTest, BytesAndNumbersComeBackAsTheyWentIn) {
    auto database = create("db");
    ASSERT_TRUE(database.execute("CREATE TABLE t (number INTEGER, key BLOB NOT NULL, name TEXT NOT NULL) STRICT").ok());
    auto insert = database.prepare("INSERT INTO t VALUES (?, ?, ?)");
    auto select = database.prepare("SELECT number, key, name FROM t ORDER BY key");
    ASSERT_TRUE(insert.ok() && select.ok());
    ASSERT_TRUE(insert->run(uint64_t{INT64_MAX}, Blob{std::string_view("\0\xff", 2)}, Text{"name"}).ok());
    ASSERT_TRUE(insert->run(uint64_t{0}, Blob{}, Text{}).ok());

    auto rows = select->query();
    ASSERT_TRUE(rows.next().value());
    EXPECT_EQ(rows.bytes(1), "");
    ASSERT_TRUE(rows.next().value());
    EXPECT_EQ(rows.number(0), uint64_t{INT64_MAX});
    EXPECT_EQ(rows.bytes(1), std::string("\0\xff", 2));
    EXPECT_EQ(rows.bytes(2), "name");
    EXPECT_FALSE(rows.next().value());
}

TEST_F(SqliteTest, AnEndedRunLeavesTheStatementReadyForTheNext) {
    auto database = create("db");
    auto select = database.prepare("SELECT ? UNION ALL SELECT 2");
    ASSERT_TRUE(select.ok());
    for (uint64_t wanted : {5u, 6u}) {
        auto rows = select->query(wanted);
        ASSERT_TRUE(rows.next().value());
        EXPECT_EQ(rows.number(0), wanted);
    }
}

TEST_F(SqliteTest, AFileThatIsNoDatabaseIsCorruptAndItsPathIsNotTold) {
    std::ofstream(scratch_ / "db") << std::string(4096, 'x');
    auto database = create("db");
    auto failed = database.execute("CREATE TABLE t (a)");
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().code, Errc::corrupt);
    EXPECT_EQ(failed.error().detail, "catalog: file is not a database (SQLite code 26)") << "clients are told this";
}

TEST_F(SqliteTest, WhatCannotBeOpenedIsAnIoError) {
    auto absent = Database::create_read_only(scratch_ / "absent");
    ASSERT_FALSE(absent.ok());
    EXPECT_EQ(absent.error().code, Errc::io_error);
}

TEST_F(SqliteTest, AReadOnlyConnectionCannotWrite) {
    ASSERT_TRUE(create("db").execute("CREATE TABLE t (a)").ok());
    auto reader = Database::create_read_only(scratch_ / "db");
    ASSERT_TRUE(reader.ok());
    EXPECT_EQ(reader->execute("INSERT INTO t VALUES (1)").error().code, Errc::io_error);
}

TEST_F(SqliteTest, WrongSqlIsABugAndSaysSo) {
    auto wrong = create("db").prepare("SELEC 1");
    ASSERT_FALSE(wrong.ok());
    EXPECT_EQ(wrong.error().code, Errc::internal);
}

}  // namespace
}  // namespace inlay::store
