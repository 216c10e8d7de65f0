// A table of SQLite's "unix" file methods with those replaced that change the disk.
#include "store/sqlite_vfs.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <string>

#include "base/check.hpp"
#include "os/disk_door.hpp"
#include "os/file.hpp"

namespace inlay::store {
namespace {

using os::DiskStep;

constexpr int kDurableFiles = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL;

// Behind the file that "unix" keeps in the same memory.
struct Beside {
    const sqlite3_io_methods* unix_methods;  // Those of files with locks, or without.
    sqlite3_io_methods methods;
    const char* path;  // Valid until: the file is closed. As SQLite promises for these kinds of files.
};

sqlite3_vfs* unix_vfs() {
    static sqlite3_vfs* const found = sqlite3_vfs_find("unix");
    INLAY_CHECK(found != nullptr);
    return found;
}

Beside& beside(sqlite3_file* file) { return *reinterpret_cast<Beside*>(reinterpret_cast<char*>(file) + unix_vfs()->szOsFile); }

// Calls `make`, which gives a code of SQLite's, unless the door refuses: then `failure`, or that the disk is full.
template <class Make>
int pass(const os::DiskChange& change, int failure, Make make) {
    int code = failure;
    auto as_system_call = [&] { return (code = make()) == SQLITE_OK ? 0 : -1; };
    if (os::pass_disk_door(change, as_system_call) == 0) return SQLITE_OK;
    return code == failure && errno == ENOSPC && change.step == DiskStep::write ? SQLITE_FULL : code;
}

int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
    os::DiskChange change{.step = DiskStep::write, .path = beside(file).path, .offset = static_cast<uint64_t>(offset),
                          .length = static_cast<uint64_t>(size), .bytes = bytes};
    return pass(change, SQLITE_IOERR_WRITE, [&] { return beside(file).unix_methods->xWrite(file, bytes, size, offset); });
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
    os::DiskChange change{.step = DiskStep::truncate, .path = beside(file).path, .length = static_cast<uint64_t>(size)};
    return pass(change, SQLITE_IOERR_TRUNCATE, [&] { return beside(file).unix_methods->xTruncate(file, size); });
}

int sync(sqlite3_file* file, int flags) {
    return pass({.step = DiskStep::sync, .path = beside(file).path}, SQLITE_IOERR_FSYNC,
                [&] { return beside(file).unix_methods->xSync(file, flags); });
}

int map_shared(sqlite3_file* file, int region, int size, int extend, void volatile** at) {
    // The log's index, made anew from the log after a crash: only that this may fail matters.
    os::DiskChange change{.step = DiskStep::map, .path = beside(file).path, .length = static_cast<uint64_t>(size), .writable = true};
    return pass(change, SQLITE_IOERR_SHMMAP, [&] { return beside(file).unix_methods->xShmMap(file, region, size, extend, at); });
}

void replace_methods(sqlite3_file* file, const char* path) {
    auto& made = beside(file) = {file->pMethods, *file->pMethods, path};
    made.methods.xWrite = write;
    made.methods.xTruncate = truncate;
    made.methods.xSync = sync;
    if (made.methods.xShmMap) made.methods.xShmMap = map_shared;
    file->pMethods = &made.methods;
}

struct Place {
    std::string directory;
    std::string name;
};

Place place_of(const char* path) {
    std::string whole = path;
    size_t slash = whole.rfind('/');
    if (slash == whole.npos) return {".", whole};
    return {slash == 0 ? "/" : whole.substr(0, slash), whole.substr(slash + 1)};
}

// Makes an empty file with a durable name, if there is none. The result is one of SQLite's codes.
int make_durably(const char* path) {
    auto place = place_of(path);
    auto directory = os::open_file(place.directory);
    if (!directory.ok()) return SQLITE_CANTOPEN;
    auto made = os::make_file(directory->get(), place.name);
    if (!made.ok()) return made.error().code == Errc::no_space ? SQLITE_FULL : SQLITE_CANTOPEN;
    if (!*made || os::sync(directory->get()).ok()) return SQLITE_OK;
    // A second try must not find it: the sync of that one would succeed, and keep nothing.
    (void)os::unlink(directory->get(), place.name);
    return SQLITE_IOERR_DIR_FSYNC;
}

int open(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* flags_given) {
    bool durable = path && (flags & kDurableFiles);
    file->pMethods = nullptr;
    if (durable && (flags & SQLITE_OPEN_CREATE)) {
        if (int code = make_durably(path); code != SQLITE_OK) return code;
        flags &= ~SQLITE_OPEN_CREATE;  // With it "unix" would sync the directory in its own way.
    }
    int code = unix_vfs()->xOpen(unix_vfs(), path, file, flags, flags_given);
    if (code == SQLITE_OK && durable) replace_methods(file, path);
    return code;
}

int remove(sqlite3_vfs*, const char* path, int durably) {
    auto place = place_of(path);
    auto directory = os::open_file(place.directory);
    if (!directory.ok() || !os::unlink(directory->get(), place.name).ok()) return SQLITE_IOERR_DELETE;
    return !durably || os::sync(directory->get()).ok() ? SQLITE_OK : SQLITE_IOERR_DIR_FSYNC;
}

}  // namespace

const char* disk_door_vfs() {
    static sqlite3_vfs made = [] {
        sqlite3_vfs vfs = *unix_vfs();
        vfs.szOsFile += static_cast<int>(sizeof(Beside));
        vfs.pNext = nullptr;
        vfs.zName = "inlay";
        vfs.xOpen = open;
        vfs.xDelete = remove;
        return vfs;
    }();
    static const int known = sqlite3_vfs_register(&made, 0);
    INLAY_CHECK(known == SQLITE_OK);
    return made.zName;
}

}  // namespace inlay::store
