// ObjectDirectory: the files that hold the bytes of objects, modules and compiled modules.
//
//     DIR/objects/XX/VERSION      immutable; XX: the last two digits of VERSION, which count up: an even spread
//     DIR/modules/VERSION.wasm    immutable
//     DIR/compiled/NAME           a cache: each file may be deleted at any time
//
// All calls may be made from several threads. A file appears under its name only when its content is complete and on
// disk (unnamed file -> reserve -> content -> fsync -> link); what fails or crashes before leaves nothing. The name
// itself is durable after sync_directories(). Names ending in ".tmp" exist only where the filesystem lacks unnamed
// files, and in compiled/.
//
// Who has a hold (os::hold) of DIR/objects, a backup, finds every file that the catalog named since then: removals wait.
#pragma once

#include <array>
#include <atomic>
#include <bitset>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "os/fd.hpp"
#include "os/file_range.hpp"
#include "store/file_names.hpp"

namespace inlay::store {

// Where the bytes of a new file come from:
//   bytes;
//   a whole memfd from offset 0, written out from its own pages. Requires: nobody writes to it or shrinks it meanwhile;
//   a file of the same filesystem that is filled already: from create_unnamed(), or an object to be linked once more.
//   Requires: no writable mapping or descriptor of it is left elsewhere.
using Content = std::variant<std::string_view, os::FileRange, os::Fd>;

struct Written {
    uint64_t copied_bytes = 0;  // Moved by the CPU: all inline bytes; a memfd's where the filesystem has no O_DIRECT.
};

// What a sweep needs to know of the catalog. A version is asked for only when its epoch is older than the current one.
struct SweepRules {
    uint32_t current_epoch = 0;
    std::function<Result<bool>(std::string_view version)> object_is_known;
    std::function<Result<bool>(std::string_view version)> module_is_known;
};

// How many files a sweep met, by what became of them.
struct Swept {
    uint64_t known = 0;    // Named by the catalog: kept.
    uint64_t current = 0;  // Of this start of the server, perhaps in the middle of a put: kept.
    uint64_t foreign = 0;  // Not a name of ours: kept.
    uint64_t removed = 0;
};

class ObjectDirectory {
  public:
    enum class Temporaries { unnamed, named };

    // Opens DIR, makes it and its directories where they are missing, durably but for DIR's own entry. Errors: storage_failed when they
    // cannot be; what was made is removed then.
    // Temporaries::named is for tests: without it, named ones are used only where the filesystem has no unnamed files.
    static Result<std::unique_ptr<ObjectDirectory>> create(const std::string& path,
                                                           Temporaries temporaries = Temporaries::unnamed);

    // Makes the object's file, up to and including its name; sync_directories() must follow before the catalog names
    // it. Errors: no_space, io_error, corrupt (`version` is none). After these the file is gone: it is never synced once more.
    Result<Written> write(std::string_view version, Content content);
    // Makes the names of these objects durable: one fsync for each directory among them, however many objects.
    // Errors: storage_failed: a second call would succeed, and tell nothing. Directories that no name is durable of are gone then.
    Result<> sync_directories(std::span<const std::string> versions);
    // Opens for reading. An absent object is nullopt. It stays readable until closed, whatever is removed meanwhile.
    Result<std::optional<os::Fd>> open(std::string_view version);
    // Absent is fine. While somebody has a hold it is put off: to a later removal without one, or to the sweep of a later start.
    Result<> remove(std::string_view version);
    // A file to fill and then write() as Content. Errors: io_error where the filesystem has no unnamed files.
    Result<os::Fd> create_unnamed();

    // The same for modules; write_module() makes the name durable as well (storage_failed when it cannot).
    Result<Written> write_module(std::string_view version, Content content);
    Result<std::optional<os::Fd>> open_module(std::string_view version);
    Result<> remove_module(std::string_view version);

    // Creates or replaces at once. Errors: bad_name (see check_name; also names that end in ".tmp").
    Result<Written> write_compiled(const std::string& name, Content content);
    Result<std::optional<os::Fd>> open_compiled(const std::string& name);
    Result<> remove_compiled(const std::string& name);
    // Calls `use(name)` for each compiled module; false ends the walk. `use` may remove it.
    Result<> for_each_compiled(const std::function<bool(std::string_view)>& use);

    // Removes objects and modules of older epochs that the catalog does not know, and older temporaries. Runs beside
    // all other calls, in constant memory; `stop` ends it early. The first failure ends it: whatever it could not ask
    // about stays.
    Result<Swept> sweep(const SweepRules& rules, const std::stop_token& stop);

  private:
    struct Shard {
        os::Fd directory;
        bool is_new = false;            // Made by us.
        bool entry_is_durable = false;  // DIR/objects was synced after this directory was made.
    };

    ObjectDirectory() = default;

    Result<int> open_shard(size_t index);
    Result<int> shard_of(std::string_view version);
    Result<> sync_shards(const std::bitset<kShards>& touched);
    Result<> sync_entries_of_shards();
    Result<Written> write_file(int directory, const std::string& name, Content content);
    Result<> remove_file(int directory, const std::string& name);

    Temporaries temporaries_ = Temporaries::unnamed;
    os::Fd objects_;
    os::Fd modules_;
    os::Fd compiled_;
    std::string temporary_tag_;  // Begins the temporary names of this process in compiled/.
    std::atomic<uint64_t> temporary_count_{0};
    std::mutex mutex_;  // Guards the two below; the descriptors stay open as long as this object.
    std::array<Shard, kShards> shards_;
    std::vector<std::pair<int, std::string>> put_off_;  // Directory and name.
};

}  // namespace inlay::store
