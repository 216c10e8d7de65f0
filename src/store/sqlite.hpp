// Database, Statement and Rows: SQLite behind Results; only this and sqlite_vfs include sqlite3.h.
//
//     INLAY_TRY(auto find, database.prepare("SELECT size FROM objects WHERE key = ?"));
//     auto rows = find.query(Blob{key});
//     INLAY_TRY(bool found, rows.next());
//
// A Database and its Statements belong to one thread at a time. A connection must not be carried through fork().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace inlay::store {

// How a parameter is bound: SQLite compares both by their bytes, but a TEXT never equals a BLOB.
struct Text {
    std::string_view bytes;
};
struct Blob {
    std::string_view bytes;
};

// The rows of one run of a statement. Ends the run, and with it the reader's snapshot, when destroyed.
class Rows {
  public:
    explicit Rows(sqlite3_stmt* statement) : statement_(statement) {}
    Rows(Rows&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
    Rows& operator=(Rows&&) = delete;
    ~Rows();

    // Moves to the next row. False: there is none; the statement has done its work.
    Result<bool> next();
    // Columns of the current row, from 0. Requires: next() was true.
    uint64_t number(int column) const;
    std::string bytes(int column) const;

  private:
    sqlite3_stmt* statement_;
};

class Statement {
  public:
    Statement() = default;

    // Binds the values to the parameters in order and starts a run. Valid until: the values end or this statement is
    // used again.
    template <class... Values>
    Rows query(const Values&... values) {
        int parameter = 0;
        (bind(++parameter, values), ...);
        return Rows(statement_.get());
    }
    // Runs a statement that gives no rows.
    template <class... Values>
    Result<> run(const Values&... values) {
        auto rows = query(values...);
        INLAY_TRY_VOID(rows.next());
        return {};
    }

  private:
    friend class Database;
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const noexcept;
    };

    void bind(int parameter, uint64_t value);
    void bind(int parameter, Text value);
    void bind(int parameter, Blob value);

    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
  public:
    // Opens for writing, makes the file where it is missing; or for reading only, when it must exist.
    static Result<Database> create(const std::string& path);
    static Result<Database> create_read_only(const std::string& path);
    // For reading only, and changes nothing on disk, not even a log that a crash left behind: that is read.
    // Requires: no other process opens the file for writing meanwhile.
    static Result<Database> create_undisturbing(const std::string& path);

    Result<Statement> prepare(std::string_view sql);
    // Runs statements without parameters; rows are dropped.
    Result<> execute(const std::string& sql);
    // The first column of the first row. Requires: `sql` gives a row.
    Result<uint64_t> number(std::string_view sql);
    Result<std::string> text(std::string_view sql);
    bool in_transaction() const;
    // Writes all of it, as it is at one moment, to a new file. Others may write meanwhile.
    Result<> copy_to(const std::string& path);

  private:
    struct Close {
        void operator()(sqlite3* database) const noexcept;
    };

    static Result<Database> open(const std::string& path, int flags, const char* vfs = nullptr);  // Its way to files; nullptr: SQLite's own.

    std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace inlay::store
