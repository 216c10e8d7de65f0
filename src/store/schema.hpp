// The tables of the catalog, and how a file of an older program gets them.
#pragma once

#include <cstdint>

#include "store/sqlite.hpp"

namespace inlay::store {

// What `PRAGMA user_version` says in a file that this program understands: the number of migrations.
extern const uint64_t kSchemaVersion;

// Brings the tables up to date in one transaction. Errors: unsupported_version when a newer program made the file.
Result<> migrate(Database& database);

// Checks that the tables are those of this program. Errors: unsupported_version; corrupt where there are none.
Result<> check_schema(Database& database);

}  // namespace inlay::store
