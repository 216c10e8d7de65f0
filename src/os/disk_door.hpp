// The disk's door: each change of files and directories is shown here before it is made, so that a test can watch it, let it fail, or
// end the process there.
//
//     if (pass_disk_door({.step = DiskStep::sync, .file = fd}, [&] { return ::fsync(fd); }) != 0) return os_error("fsync");
//
// Nobody watches outside of tests: what passes pays for one load of a null pointer. What counts as a change is whatever a crash could
// undo, tear or leave half-done; reading, opening what is there and hints to the kernel are none.
#pragma once

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <string_view>

namespace inlay::os {

enum class DiskStep : uint8_t {
    make_directory,
    create,          // A file with a name; one that was there is emptied.
    create_unnamed,
    reserve,         // Blocks for [0, length), which the file then has.
    write,
    truncate,        // To `length`.
    sync,            // A file's content, or a directory's entries.
    sync_all,        // Of the whole filesystem.
    link,            // `file` gets a name.
    rename,          // Of `name` to `to`.
    unlink,
    remove_directory,
    map,             // A file's pages, of length bytes, for reading or writing.
};

inline constexpr uint64_t kAtPosition = UINT64_MAX;

struct DiskChange {
    DiskStep step;
    int file = -1;                   // What is written, synced, linked ...
    const char* path = nullptr;      // ... where no descriptor of it may be had: SQLite's files.
    int directory = -100;            // AT_FDCWD. Where `name` is.
    std::string_view name;
    std::string_view to;             // The new name.
    uint64_t offset = kAtPosition;   // kAtPosition: where the descriptor stands.
    uint64_t length = 0;
    bool writable = false;           // Of a mapping.
    const void* bytes = nullptr;     // What is written. nullptr: only the kernel sees it.
};

// Calls come from any thread. A thread that is let in comes back, before it passes again.
class DiskObserver {
  public:
    virtual ~DiskObserver() = default;
    // 0 lets the change be made; an errno makes it fail without. Need not return.
    virtual int before(const DiskChange& change) = 0;
    // It was let in. `result`: a descriptor of creates, a count of writes, otherwise 0; -1 when it failed.
    virtual void after(const DiskChange& change, int64_t result) = 0;
};

// Global, as the disk is: it must not depend on who has handed what to whom.
inline std::atomic<DiskObserver*> disk_observer = nullptr;

// `make` makes the change as system calls do: -1 and errno when it fails.
template <class Make>
auto pass_disk_door(const DiskChange& change, Make make) -> decltype(make()) {
    DiskObserver* observer = disk_observer.load(std::memory_order_acquire);
    if (!observer) return make();
    if (int refused = observer->before(change)) {
        errno = refused;
        return -1;
    }
    auto result = make();
    int kept = errno;
    observer->after(change, static_cast<int64_t>(result));
    errno = kept;
    return result;
}

}  // namespace inlay::os
