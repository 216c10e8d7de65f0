// Calls of SQLite's C interface, and how its codes become Errors.
#include "store/sqlite.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <filesystem>

#include "base/check.hpp"
#include "store/sqlite_vfs.hpp"

namespace inlay::store {
namespace {

constexpr int kBusyTimeoutMs = 5000;  // Somebody looks into the file with another program.

Errc code_of(int code, int os_errno) {
    // What the kernel could not write it has forgotten: the next sync would succeed, whatever this one failed for.
    if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC) return Errc::storage_failed;
    if (os_errno == ENOSPC || os_errno == EDQUOT) return Errc::no_space;
    switch (code & 0xff) {
        case SQLITE_FULL: return Errc::no_space;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB: return Errc::corrupt;
        case SQLITE_IOERR:
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_CANTOPEN:
        case SQLITE_READONLY:
        case SQLITE_PERM: return Errc::io_error;
        default: return Errc::internal;
    }
}

// Says nothing of where it lies: clients are told.
Error last_error(sqlite3* database) {
    int code = sqlite3_extended_errcode(database);
    return Error{code_of(code, sqlite3_system_errno(database)), fmt::format("catalog: {} (SQLite code {})", sqlite3_errmsg(database), code)};
}

// As <https://sqlite.org/uri.html> has it: what means something in a URI is escaped.
std::string uri_of_immutable(const std::string& path) {
    std::string uri = "file:";
    for (char c : path) {
        bool special = c == '%' || c == '?' || c == '#';
        uri += special ? fmt::format("%{:02X}", static_cast<unsigned char>(c)) : std::string(1, c);
    }
    return uri + "?immutable=1";
}

// SQLite takes a null pointer for NULL, but an empty value is not NULL.
const char* pointer_of(std::string_view bytes) { return bytes.data() ? bytes.data() : ""; }

}  // namespace

Rows::~Rows() {
    if (statement_) sqlite3_reset(statement_);
}

Result<bool> Rows::next() {
    int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return last_error(sqlite3_db_handle(statement_));
}

uint64_t Rows::number(int column) const { return static_cast<uint64_t>(sqlite3_column_int64(statement_, column)); }

std::string Rows::bytes(int column) const {
    // The pointer before the size, as SQLite asks for: the first call may convert the value.
    auto at = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    auto size = static_cast<size_t>(sqlite3_column_bytes(statement_, column));
    return at ? std::string(at, size) : std::string();
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }

void Statement::bind(int parameter, uint64_t value) {
    INLAY_CHECK(sqlite3_bind_int64(statement_.get(), parameter, static_cast<sqlite3_int64>(value)) == SQLITE_OK);
}

void Statement::bind(int parameter, Text value) {
    INLAY_CHECK(sqlite3_bind_text64(statement_.get(), parameter, pointer_of(value.bytes), value.bytes.size(),
                                    SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK);
}

void Statement::bind(int parameter, Blob value) {
    INLAY_CHECK(sqlite3_bind_blob64(statement_.get(), parameter, pointer_of(value.bytes), value.bytes.size(),
                                    SQLITE_STATIC) == SQLITE_OK);
}

// close_v2: does not mind statements that end after their database.
void Database::Close::operator()(sqlite3* database) const noexcept { sqlite3_close_v2(database); }

Result<Database> Database::open(const std::string& path, int flags, const char* vfs) {
    sqlite3* raw = nullptr;
    int code = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, vfs);
    Database database;
    database.database_.reset(raw);
    INLAY_CHECK(raw != nullptr);  // Only for lack of memory.
    if (code != SQLITE_OK) return last_error(raw);
    sqlite3_busy_timeout(raw, kBusyTimeoutMs);
    return database;
}

Result<Database> Database::create(const std::string& path) {
    return open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, disk_door_vfs());
}

Result<Database> Database::create_read_only(const std::string& path) { return open(path, SQLITE_OPEN_READONLY, disk_door_vfs()); }

Result<Database> Database::create_undisturbing(const std::string& path) {
    std::error_code unknown;
    if (!std::filesystem::exists(path + "-wal", unknown)) return open(uri_of_immutable(path), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
    // Alone with the file, by declaration and without locks: then SQLite keeps the log's index in its own memory.
    INLAY_TRY(auto database, open(path, SQLITE_OPEN_READONLY, "unix-none"));
    sqlite3_db_config(database.database_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    INLAY_TRY_VOID(database.execute("PRAGMA locking_mode = EXCLUSIVE"));
    return database;
}

Result<Statement> Database::prepare(std::string_view sql) {
    sqlite3_stmt* raw = nullptr;
    int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                  &raw, nullptr);
    if (code != SQLITE_OK) return last_error(database_.get());
    Statement statement;
    statement.statement_.reset(raw);
    return statement;
}

Result<> Database::execute(const std::string& sql) {
    if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        return last_error(database_.get());
    return {};
}

Result<uint64_t> Database::number(std::string_view sql) {
    INLAY_TRY(auto statement, prepare(sql));
    auto rows = statement.query();
    INLAY_TRY(bool found, rows.next());
    INLAY_CHECK(found);
    return rows.number(0);
}

Result<std::string> Database::text(std::string_view sql) {
    INLAY_TRY(auto statement, prepare(sql));
    auto rows = statement.query();
    INLAY_TRY(bool found, rows.next());
    INLAY_CHECK(found);
    return rows.bytes(0);
}

Result<> Database::copy_to(const std::string& path) {
    INLAY_TRY(auto copy, create(path));
    sqlite3_backup* step = sqlite3_backup_init(copy.database_.get(), "main", database_.get(), "main");
    if (!step) return last_error(copy.database_.get());
    // All pages in one step: under one read transaction, which holds up no writer.
    int code = sqlite3_backup_step(step, -1);
    sqlite3_backup_finish(step);
    if (code == SQLITE_DONE) return {};
    return Error{code_of(code, sqlite3_system_errno(copy.database_.get())),
                 fmt::format("copying the catalog to {}: {} (SQLite code {})", path, sqlite3_errstr(code), code)};
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(database_.get()) == 0; }

}  // namespace inlay::store
