// The migrations of the catalog, oldest first; a released one is never edited.
#include "store/schema.hpp"

#include <fmt/format.h>

#include <array>

namespace inlay::store {
namespace {

// Keys are BLOBs, so that they sort by their bytes. Sizes and times are non-negative.
// Versions are unique: the file of a replaced version is removed, so nobody else may stand for it.
constexpr std::array kMigrations = {
    R"(
    CREATE TABLE objects (
        bucket       TEXT NOT NULL,
        key          BLOB NOT NULL,
        version      TEXT NOT NULL,
        size_bytes   INTEGER NOT NULL,
        content_type TEXT NOT NULL,
        modified_ms  INTEGER NOT NULL,
        PRIMARY KEY (bucket, key)
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX objects_version ON objects (version);

    CREATE TABLE functions (
        name         TEXT NOT NULL PRIMARY KEY,
        version      TEXT NOT NULL,
        module_hash  TEXT NOT NULL,
        module_bytes INTEGER NOT NULL,
        timeout_ms   INTEGER NOT NULL,
        memory_bytes INTEGER NOT NULL,
        env          BLOB NOT NULL,
        deployed_ms  INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX functions_version ON functions (version);

    CREATE TABLE counters (
        name  TEXT NOT NULL PRIMARY KEY,
        value INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO counters VALUES ('epoch', 0);
    )",
    R"(
    ALTER TABLE functions ADD COLUMN class TEXT NOT NULL DEFAULT 'auto';
    )",
    R"(
    ALTER TABLE objects ADD COLUMN link_path BLOB NOT NULL DEFAULT x'';
    ALTER TABLE objects ADD COLUMN link_stamp TEXT NOT NULL DEFAULT '';
    CREATE INDEX objects_linked ON objects (version) WHERE link_path <> x'';
    )",
    R"(
    ALTER TABLE functions ADD COLUMN limits TEXT NOT NULL DEFAULT '';
    UPDATE functions SET limits = 'timeout_ms=' || timeout_ms || ' memory_bytes=' || memory_bytes;
    ALTER TABLE functions DROP COLUMN timeout_ms;
    ALTER TABLE functions DROP COLUMN memory_bytes;
    ALTER TABLE functions ADD COLUMN isolated INTEGER NOT NULL DEFAULT 0;
    )",
    R"(
    ALTER TABLE functions ADD COLUMN directories BLOB NOT NULL DEFAULT x'';
    ALTER TABLE functions ADD COLUMN warm INTEGER NOT NULL DEFAULT 0;
    )",
};

constexpr std::string_view kReadVersion = "PRAGMA user_version";

Error refuse(uint64_t found) {
    return Error{Errc::unsupported_version,
                 fmt::format("the catalog's schema is version {}, this program knows {}: run the program that wrote "
                             "it, or a newer one",
                             found, kMigrations.size())};
}

Result<> migrate_from(Database& database, uint64_t version) {
    for (; version < kMigrations.size(); version++) INLAY_TRY_VOID(database.execute(kMigrations[version]));
    INLAY_TRY_VOID(database.execute(fmt::format("PRAGMA user_version = {}", version)));
    return database.execute("COMMIT");
}

}  // namespace

const uint64_t kSchemaVersion = kMigrations.size();

Result<> migrate(Database& database) {
    INLAY_TRY(uint64_t version, database.number(kReadVersion));
    if (version > kMigrations.size()) return refuse(version);
    if (version == kMigrations.size()) return {};
    INLAY_TRY_VOID(database.execute("BEGIN IMMEDIATE"));
    auto migrated = migrate_from(database, version);
    if (!migrated && database.in_transaction()) (void)database.execute("ROLLBACK");
    return migrated;
}

Result<> check_schema(Database& database) {
    INLAY_TRY(uint64_t version, database.number(kReadVersion));
    if (version == 0) return Error{Errc::corrupt, "the catalog has no tables: restore it from a backup"};
    if (version != kMigrations.size()) return refuse(version);
    return {};
}

}  // namespace inlay::store
