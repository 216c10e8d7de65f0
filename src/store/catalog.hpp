// Catalog: the one writer of the names of objects and functions (SQLite, WAL, synchronous=FULL).
//
// The catalog says which version a name stands for; the bytes lie in the ObjectDirectory, in a file named by that
// version. One thread at a time; only one Catalog per file in the whole system (the data directory's lock sees to it).
//
// Invariants:
//  1. What commit() has reported as applied survives a loss of power.
//  2. A version named by the catalog has a durable file, because files come before the commit and are removed after it.
//
//     INLAY_TRY(auto catalog, Catalog::create(data + "/catalog.db"));
//     INLAY_TRY(uint32_t epoch, catalog.start_epoch());
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "store/changes.hpp"
#include "store/sqlite.hpp"

namespace inlay::store {

class Catalog {
  public:
    // Opens the catalog, makes it where it is missing, and brings an older schema up to date.
    // Errors: unsupported_version when a newer program made the file; corrupt; io_error; no_space; storage_failed.
    static Result<Catalog> create(const std::string& path);

    // Raises the number of this start of the server, durably, and returns it (the first is 1).
    Result<uint32_t> start_epoch();

    // Applies the sets in order, in one transaction: one answer per set. A set sees what those before it did.
    //
    // Errors of a set, which then changes nothing while the others go on: precondition_failed, object_not_found,
    // function_not_found, overloaded (kFunctionsMax).
    // Errors of the whole commit, after which no set is applied: no_space, io_error, corrupt, internal, and storage_failed: the log could
    // not be synced, and no later commit may be believed. After these the files of the new versions must stay: the transaction may have reached the disk and come back at the next start.
    // The sweep of a later start removes them.
    // Cost: one fsync for the whole batch; O(log n) per change.
    Result<std::vector<Result<Applied>>> commit(std::span<const ChangeSet> sets);

  private:
    // Why a set was not applied; nullopt: it was. An Error beside it is a failure of the whole commit.
    using Refusal = std::optional<Error>;

    explicit Catalog(Database database) : database_(std::move(database)) {}

    Result<> prepare_all();
    Result<std::vector<Result<Applied>>> apply_all(std::span<const ChangeSet> sets);
    Result<Result<Applied>> apply_set(const ChangeSet& set);
    Result<Refusal> apply_one(const PutObject& put, Applied& applied);
    Result<Refusal> apply_one(const DeleteObject& deletion, Applied& applied);
    Result<Refusal> apply_one(const DeployFunction& deployment, Applied& applied);
    Result<Refusal> apply_one(const RemoveFunction& removal, Applied& applied);

    Database database_;
    Statement begin_, commit_, rollback_;
    Statement begin_set_, keep_set_, undo_set_;
    Statement find_object_, put_object_, delete_object_;
    Statement find_function_, count_functions_, put_function_, delete_function_;
    Statement raise_epoch_;
};

}  // namespace inlay::store
