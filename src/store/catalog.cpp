// Applies sets of changes: one transaction for a batch, one savepoint for each set in it.
#include "store/catalog.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <limits>

#include "base/limits.hpp"
#include "os/directory.hpp"
#include "os/file.hpp"
#include "store/schema.hpp"

namespace inlay::store {
namespace {

// After a checkpoint the log file is cut down to this; without it, it keeps the largest size it ever had.
constexpr uint64_t kLogBytesKept = 64 * MiB;

// ON CONFLICT and not OR REPLACE: that would silently drop another object that has the same version.
constexpr std::string_view kPutObject = R"(
    INSERT INTO objects (bucket, key, version, size_bytes, content_type, modified_ms, link_path, link_stamp)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (bucket, key) DO UPDATE SET version = excluded.version, size_bytes = excluded.size_bytes,
        content_type = excluded.content_type, modified_ms = excluded.modified_ms, link_path = excluded.link_path,
        link_stamp = excluded.link_stamp)";
constexpr std::string_view kPutFunction = R"(
    INSERT INTO functions (name, version, module_hash, module_bytes, limits, env, deployed_ms, class, isolated,
        directories, warm)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET version = excluded.version, module_hash = excluded.module_hash,
        module_bytes = excluded.module_bytes, limits = excluded.limits, env = excluded.env,
        deployed_ms = excluded.deployed_ms, class = excluded.class, isolated = excluded.isolated,
        directories = excluded.directories, warm = excluded.warm)";
constexpr std::string_view kRaiseEpoch = "UPDATE counters SET value = value + 1 WHERE name = 'epoch' RETURNING value";

Error refuse(const ObjectName& name, std::string_view why) {
    return Error{Errc::precondition_failed, fmt::format("object {}: {}", name.path(), why)};
}

std::optional<Error> check(const Precondition& wanted, const ObjectName& name,
                           const std::optional<std::string>& found) {
    if (wanted.must_be_absent && found) return refuse(name, "it exists already");
    if (wanted.must_exist && !found) return refuse(name, "it does not exist");
    if (!wanted.must_match_version.empty() && found != wanted.must_match_version)
        return refuse(name, "its version is " + found.value_or("none: it does not exist"));
    return std::nullopt;
}

// The version that a look-up statement finds under these names.
template <class... Names>
Result<std::optional<std::string>> version_in(Statement& find, const Names&... names) {
    auto rows = find.query(names...);
    INLAY_TRY(bool found, rows.next());
    if (!found) return std::optional<std::string>();
    return std::optional<std::string>(rows.bytes(0));
}

Result<> use_log(Database& database, const std::string& path) {
    INLAY_TRY(std::string mode, database.text("PRAGMA journal_mode = WAL"));
    if (mode == "wal") return {};
    return Error{Errc::io_error, "catalog " + path + ": the filesystem does not support SQLite's WAL mode"};
}

// A catalog that is missing is made beside its place, without a journal, and gets its name when it is whole. A journal whose removal the
// disk forgot would be rolled back after a loss of power, and with it all that was committed since.
Result<> make_missing(const std::string& path) {
    std::filesystem::path place(path);
    std::string name = place.filename(), unfinished = name + ".new";
    INLAY_TRY(auto directory, os::open_file(place.has_parent_path() ? place.parent_path().string() : "."));
    INLAY_TRY(auto there, os::entry_status(directory.get(), name));
    if (there) return {};
    for (const char* suffix : {"", "-wal", "-shm"}) INLAY_TRY_VOID(os::unlink(directory.get(), unfinished + suffix));
    {
        INLAY_TRY(auto database, Database::create(path + ".new"));
        INLAY_TRY_VOID(database.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = FULL"));
        INLAY_TRY_VOID(migrate(database));
        INLAY_TRY_VOID(use_log(database, path));
    }
    INLAY_TRY_VOID(os::rename(directory.get(), unfinished, name));
    auto synced = os::sync(directory.get());
    if (synced.ok()) return {};
    (void)os::unlink(directory.get(), name);  // Else the next start finds it, and relies on its name.
    return Error{Errc::storage_failed, fmt::format("the name of catalog {} may be lost: {}", path, synced.error().detail)};
}

}  // namespace

Result<Catalog> Catalog::create(const std::string& path) {
    INLAY_TRY_VOID(make_missing(path));
    INLAY_TRY(auto database, Database::create(path));
    INLAY_TRY_VOID(use_log(database, path));
    INLAY_TRY_VOID(database.execute("PRAGMA synchronous = FULL"));
    INLAY_TRY_VOID(database.execute(fmt::format("PRAGMA journal_size_limit = {}", kLogBytesKept)));
    // The log of an earlier start may be in memory only, behind a sync that failed: what comes after it would be lost with it. So it is
    // written anew, into the database, and the log begins again.
    INLAY_TRY_VOID(database.execute("PRAGMA wal_checkpoint(TRUNCATE)"));
    INLAY_TRY_VOID(migrate(database));
    Catalog catalog(std::move(database));
    INLAY_TRY_VOID(catalog.prepare_all());
    return catalog;
}

Result<> Catalog::prepare_all() {
    INLAY_TRY(begin_, database_.prepare("BEGIN IMMEDIATE"));
    INLAY_TRY(commit_, database_.prepare("COMMIT"));
    INLAY_TRY(rollback_, database_.prepare("ROLLBACK"));
    INLAY_TRY(begin_set_, database_.prepare("SAVEPOINT change_set"));
    INLAY_TRY(keep_set_, database_.prepare("RELEASE change_set"));
    INLAY_TRY(undo_set_, database_.prepare("ROLLBACK TO change_set"));
    INLAY_TRY(find_object_, database_.prepare("SELECT version FROM objects WHERE bucket = ? AND key = ?"));
    INLAY_TRY(put_object_, database_.prepare(kPutObject));
    INLAY_TRY(delete_object_, database_.prepare("DELETE FROM objects WHERE bucket = ? AND key = ?"));
    INLAY_TRY(find_function_, database_.prepare("SELECT version FROM functions WHERE name = ?"));
    INLAY_TRY(count_functions_, database_.prepare("SELECT count(*) FROM functions"));
    INLAY_TRY(put_function_, database_.prepare(kPutFunction));
    INLAY_TRY(delete_function_, database_.prepare("DELETE FROM functions WHERE name = ?"));
    INLAY_TRY(raise_epoch_, database_.prepare(kRaiseEpoch));
    return {};
}

Result<uint32_t> Catalog::start_epoch() {
    auto rows = raise_epoch_.query();
    INLAY_TRY(bool found, rows.next());
    if (!found) return Error{Errc::corrupt, "the catalog has lost its epoch: restore it from a backup"};
    uint64_t epoch = rows.number(0);
    INLAY_TRY_VOID(rows.next());  // Commits, and tells if that failed; ending the run would do it in silence.
    if (epoch > std::numeric_limits<uint32_t>::max()) return Error{Errc::internal, "the catalog's epochs are used up"};
    return static_cast<uint32_t>(epoch);
}

Result<std::vector<Result<Applied>>> Catalog::commit(std::span<const ChangeSet> sets) {
    if (sets.empty()) return std::vector<Result<Applied>>();
    INLAY_TRY_VOID(begin_.run());
    auto answers = apply_all(sets);
    // SQLite has ended the transaction itself after some failures; a failed ROLLBACK adds nothing to what is reported.
    if (!answers && database_.in_transaction()) (void)rollback_.run();
    return answers;
}

Result<std::vector<Result<Applied>>> Catalog::apply_all(std::span<const ChangeSet> sets) {
    std::vector<Result<Applied>> answers;
    answers.reserve(sets.size());
    for (const ChangeSet& set : sets) {
        INLAY_TRY(auto answer, apply_set(set));
        answers.push_back(std::move(answer));
    }
    INLAY_TRY_VOID(commit_.run());
    return answers;
}

Result<Result<Applied>> Catalog::apply_set(const ChangeSet& set) {
    INLAY_TRY_VOID(begin_set_.run());
    Applied applied;
    Refusal refusal;
    for (auto change = set.changes.begin(); change != set.changes.end() && !refusal; ++change) {
        auto apply = [&](const auto& one) { return apply_one(one, applied); };
        INLAY_TRY(refusal, std::visit(apply, *change));
    }
    if (refusal) INLAY_TRY_VOID(undo_set_.run());
    INLAY_TRY_VOID(keep_set_.run());
    return refusal ? Result<Applied>(std::move(*refusal)) : Result<Applied>(std::move(applied));
}

Result<Catalog::Refusal> Catalog::apply_one(const PutObject& put, Applied& applied) {
    const ObjectRecord& object = put.object;
    INLAY_TRY(auto found, version_in(find_object_, Text{object.name.bucket}, Blob{object.name.key}));
    if (auto refusal = check(put.precondition, object.name, found)) return refusal;
    INLAY_TRY_VOID(put_object_.run(Text{object.name.bucket}, Blob{object.name.key}, Text{object.version},
                                   object.size_bytes, Text{object.content_type}, object.modified_ms, Blob{object.link_path},
                                   Text{object.link_stamp}));
    applied.effects.push_back(found ? Effect::replaced : Effect::created);
    if (found) applied.unreferenced_objects.push_back(std::move(*found));
    return Refusal();
}

Result<Catalog::Refusal> Catalog::apply_one(const DeleteObject& deletion, Applied& applied) {
    const ObjectName& name = deletion.name;
    INLAY_TRY(auto found, version_in(find_object_, Text{name.bucket}, Blob{name.key}));
    if (auto refusal = check(deletion.precondition, name, found)) return refusal;
    if (!found) return Refusal(Error{Errc::object_not_found, "object " + name.path() + ": it does not exist"});
    INLAY_TRY_VOID(delete_object_.run(Text{name.bucket}, Blob{name.key}));
    applied.effects.push_back(Effect::removed);
    applied.unreferenced_objects.push_back(std::move(*found));
    return Refusal();
}

Result<Catalog::Refusal> Catalog::apply_one(const DeployFunction& deployment, Applied& applied) {
    const FunctionRecord& function = deployment.function;
    INLAY_TRY(auto found, version_in(find_function_, Text{function.name}));
    if (!found) {
        auto rows = count_functions_.query();
        INLAY_TRY_VOID(rows.next());
        if (rows.number(0) >= kFunctionsMax)
            return Refusal(Error{Errc::overloaded,
                                 fmt::format("function {}: there are {} functions, as many as can be; remove one first",
                                             function.name, kFunctionsMax)});
    }
    INLAY_TRY_VOID(put_function_.run(Text{function.name}, Text{function.version}, Text{function.module_hash},
                                     function.module_bytes, Text{format_limits(function.limits)}, Blob{function.env},
                                     function.deployed_ms, Text{name_of(function.run_class)}, uint64_t{function.isolated},
                                     Blob{function.directories}, uint64_t{function.warm}));
    applied.effects.push_back(found ? Effect::replaced : Effect::created);
    if (found) applied.unreferenced_modules.push_back(std::move(*found));
    return Refusal();
}

Result<Catalog::Refusal> Catalog::apply_one(const RemoveFunction& removal, Applied& applied) {
    INLAY_TRY(auto found, version_in(find_function_, Text{removal.name}));
    if (!found) return Refusal(Error{Errc::function_not_found, "function " + removal.name + ": it does not exist"});
    INLAY_TRY_VOID(delete_function_.run(Text{removal.name}));
    applied.effects.push_back(Effect::removed);
    applied.unreferenced_modules.push_back(std::move(*found));
    return Refusal();
}

}  // namespace inlay::store
