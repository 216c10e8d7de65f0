// The schema: made once, kept, and refused when it is of a newer program.
#include "store/schema.hpp"

#include <gtest/gtest.h>

#include "base/function_limits.hpp"
#include "store/scratch_directory.hpp"

namespace inlay::store {
namespace {

class SchemaTest : public testing::Test {
  protected:
    ScratchDirectory scratch_;
    Database database_ = Database::create(scratch_ / "db").value();
};

TEST_F(SchemaTest, IsMadeInAnEmptyFileAndThenLeftAlone) {
    ASSERT_TRUE(migrate(database_).ok());
    EXPECT_EQ(database_.number("PRAGMA user_version").value(), kSchemaVersion);
    ASSERT_TRUE(database_.execute("UPDATE counters SET value = 5").ok());
    ASSERT_TRUE(migrate(database_).ok());
    EXPECT_TRUE(check_schema(database_).ok());
    EXPECT_EQ(database_.number("SELECT value FROM counters").value(), 5u);
}

TEST_F(SchemaTest, OfANewerProgramIsRefusedWithBothVersions) {
    ASSERT_TRUE(database_.execute("PRAGMA user_version = 4711").ok());
    for (auto refused : {migrate(database_), check_schema(database_)}) {
        ASSERT_FALSE(refused.ok());
        EXPECT_EQ(refused.error().code, Errc::unsupported_version);
        EXPECT_NE(refused.error().detail.find("4711"), std::string::npos);
        EXPECT_NE(refused.error().detail.find(std::to_string(kSchemaVersion)), std::string::npos);
    }
}

// As the first release left it.
TEST_F(SchemaTest, OfAnOlderProgramIsBroughtUpToDateAndKeepsWhatItHolds) {
    ASSERT_TRUE(migrate(database_).ok());
    ASSERT_TRUE(database_.execute("ALTER TABLE functions DROP COLUMN class; ALTER TABLE functions DROP COLUMN limits;"
                                  "ALTER TABLE functions DROP COLUMN isolated; ALTER TABLE functions DROP COLUMN directories; ALTER TABLE functions DROP COLUMN warm;"
                                  "ALTER TABLE functions ADD COLUMN timeout_ms INTEGER NOT NULL DEFAULT 0;"
                                  "ALTER TABLE functions ADD COLUMN memory_bytes INTEGER NOT NULL DEFAULT 0; DROP INDEX objects_linked;"
                                  "ALTER TABLE objects DROP COLUMN link_path; ALTER TABLE objects DROP COLUMN link_stamp;"
                                  "PRAGMA user_version = 1").ok());
    ASSERT_TRUE(database_.execute("INSERT INTO functions (name, version, module_hash, module_bytes, timeout_ms, memory_bytes, env, deployed_ms)"
                                  "VALUES ('f', 'v', 'h', 1, 2000, 65536, x'', 4)").ok());
    ASSERT_TRUE(database_.execute("INSERT INTO objects VALUES ('b', x'00', 'v', 1, 't', 2)").ok());
    ASSERT_TRUE(migrate(database_).ok());
    EXPECT_TRUE(check_schema(database_).ok());
    EXPECT_EQ(database_.text("SELECT class FROM functions WHERE name = 'f'").value(), "auto");
    FunctionLimits limits = parse_limits(database_.text("SELECT limits FROM functions WHERE name = 'f'").value());
    EXPECT_EQ(limits, (FunctionLimits{.timeout_ms = 2000, .memory_bytes = 65536})) << "and defaults for those that were not";
    EXPECT_EQ(database_.number("SELECT isolated FROM functions WHERE name = 'f'").value(), 0u);
    EXPECT_EQ(database_.number("SELECT count(*) FROM pragma_table_info('functions') WHERE name IN ('timeout_ms', 'memory_bytes')").value(), 0u);
    EXPECT_EQ(database_.number("SELECT length(link_path) FROM objects").value(), 0u);
}

TEST_F(SchemaTest, OfAnEmptyFileDoesNotPassTheCheck) {
    EXPECT_EQ(check_schema(database_).error().code, Errc::corrupt);
}

TEST_F(SchemaTest, AFailedMigrationLeavesTheFileAsItWas) {
    ASSERT_TRUE(database_.execute("CREATE TABLE counters (name TEXT)").ok());
    EXPECT_FALSE(migrate(database_).ok());
    EXPECT_FALSE(database_.in_transaction());
    EXPECT_EQ(database_.number("PRAGMA user_version").value(), 0u);
    EXPECT_EQ(database_.number("SELECT count(*) FROM sqlite_schema").value(), 1u);
}

}  // namespace
}  // namespace inlay::store
