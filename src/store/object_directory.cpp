// Writes files so that a name only ever stands for complete, durable content.
#include "store/object_directory.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "base/names.hpp"
#include "os/directory.hpp"
#include "os/file.hpp"
#include "os/file_lock.hpp"
#include "os/process.hpp"
#include "store/file_names.hpp"
#include "store/version.hpp"

namespace inlay::store {
namespace {

// A new file on its way to its name. Gone without a trace when destroyed before publish().
class NewFile {
  public:
    static Result<NewFile> create_unnamed(int directory) {
        INLAY_TRY(auto fd, os::create_unnamed(directory));
        return NewFile(std::move(fd), directory, "");
    }
    static Result<NewFile> create_named(int directory, const std::string& temporary) {
        INLAY_TRY(auto fd, os::create_file(directory, temporary));
        return NewFile(std::move(fd), directory, temporary);
    }
    NewFile(NewFile&& other) noexcept
        : fd_(std::move(other.fd_)), directory_(other.directory_), temporary_(std::exchange(other.temporary_, "")) {}
    NewFile& operator=(NewFile&&) = delete;
    ~NewFile() {
        if (!temporary_.empty()) (void)os::unlink(directory_, temporary_);  // Else the sweep of a later start finds it.
    }

    int fd() const { return fd_.get(); }

    Result<> publish(const std::string& name) {
        if (temporary_.empty()) return os::link(fd_.get(), directory_, name);
        INLAY_TRY_VOID(os::rename(directory_, temporary_, name));
        temporary_.clear();
        return {};
    }

  private:
    NewFile(os::Fd fd, int directory, std::string temporary)
        : fd_(std::move(fd)), directory_(directory), temporary_(std::move(temporary)) {}

    os::Fd fd_;
    int directory_;
    std::string temporary_;  // Empty: the file has no name.
};

Result<Written> fill(int to, std::string_view bytes) {
    INLAY_TRY_VOID(os::reserve(to, bytes.size()));
    INLAY_TRY_VOID(os::write_all_at(to, bytes, 0));  // COPY: small content, which came with its message.
    return Written{bytes.size()};
}

Result<Written> fill(int to, const os::FileRange& range) {
    INLAY_TRY(uint64_t copied, os::write_pages(to, range));  // COPY: counted, where the filesystem has no O_DIRECT.
    return Written{copied};
}

// A name that was not made durable now never will be by syncing again: what the kernel could not write it has forgotten.
Result<> sync_names(int directory, const std::string& where) {
    auto synced = os::sync(directory);
    if (synced.ok()) return {};
    return Error{Errc::storage_failed, fmt::format("names in {} may be lost: {}", where, synced.error().detail)};
}

// Opens directories, makes those that are missing, and their names durable: all, or what was made is gone again, so that a second try
// does not find names that only memory knows.
Result<std::vector<os::Fd>> open_durably(int parent, const std::vector<std::string>& names) {
    std::vector<os::Fd> opened;
    std::vector<std::string> made;
    auto open_all = [&]() -> Result<> {
        for (const auto& name : names) {
            INLAY_TRY(bool is_new, os::make_directory(parent, name));
            if (is_new) made.push_back(name);
            INLAY_TRY(auto directory, os::open_directory_at(parent, name));
            opened.push_back(std::move(directory));
        }
        return sync_names(parent, "the data directory");
    };
    auto done = open_all();
    if (done.ok()) return opened;
    for (const auto& name : made) (void)os::remove_directory(parent, name);  // Else a later start finds it, and syncs it.
    return std::move(done).error();
}

Error not_a_version(std::string_view text) {
    return Error{Errc::corrupt, fmt::format("{:?} is not a version id", text.substr(0, kVersionBytes))};
}

Result<> check_compiled_name(const std::string& name) {
    if (name.ends_with(kTemporarySuffix))
        return Error{Errc::bad_name, "compiled module " + name + ": names that end in .tmp are for temporary files"};
    return check_name("compiled module", name);
}

}  // namespace

Result<std::unique_ptr<ObjectDirectory>> ObjectDirectory::create(const std::string& path, Temporaries temporaries) {
    std::unique_ptr<ObjectDirectory> made(new ObjectDirectory);
    INLAY_TRY(auto root, os::open_directory(path));
    INLAY_TRY(auto directories, open_durably(root.get(), {"objects", "modules", "compiled"}));
    made->objects_ = std::move(directories[0]);
    made->modules_ = std::move(directories[1]);
    made->compiled_ = std::move(directories[2]);
    made->temporaries_ = os::create_unnamed(made->objects_.get()) ? temporaries : Temporaries::named;
    uint64_t tag = 0;
    os::fill_random(&tag, sizeof tag);
    made->temporary_tag_ = fmt::format("{:016x}-", tag);
    return made;
}

Result<Written> ObjectDirectory::write(std::string_view version, Content content) {
    INLAY_TRY(int directory, shard_of(version));
    return write_file(directory, std::string(version), std::move(content));
}

Result<> ObjectDirectory::sync_directories(std::span<const std::string> versions) {
    std::bitset<kShards> touched;
    for (const std::string& version : versions) {
        if (!is_version(version)) return not_a_version(version);
        touched.set(*shard_index(version.substr(kVersionBytes - kShardNameBytes)));
    }
    return sync_shards(touched);
}

Result<std::optional<os::Fd>> ObjectDirectory::open(std::string_view version) {
    INLAY_TRY(int directory, shard_of(version));
    return os::open_if_present(directory, std::string(version));
}

Result<> ObjectDirectory::remove(std::string_view version) {
    INLAY_TRY(int directory, shard_of(version));
    return remove_file(directory, std::string(version));
}

Result<os::Fd> ObjectDirectory::create_unnamed() { return os::create_unnamed(objects_.get()); }

Result<Written> ObjectDirectory::write_module(std::string_view version, Content content) {
    if (!is_version(version)) return not_a_version(version);
    INLAY_TRY(auto written, write_file(modules_.get(), module_file(version), std::move(content)));
    INLAY_TRY_VOID(sync_names(modules_.get(), "modules"));
    return written;
}

Result<std::optional<os::Fd>> ObjectDirectory::open_module(std::string_view version) {
    if (!is_version(version)) return not_a_version(version);
    return os::open_if_present(modules_.get(), module_file(version));
}

Result<> ObjectDirectory::remove_module(std::string_view version) {
    if (!is_version(version)) return not_a_version(version);
    return remove_file(modules_.get(), module_file(version));
}

Result<Written> ObjectDirectory::write_compiled(const std::string& name, Content content) {
    INLAY_TRY_VOID(check_compiled_name(name));
    std::string temporary = fmt::format("{}{}{}", temporary_tag_, temporary_count_.fetch_add(1), kTemporarySuffix);
    INLAY_TRY(auto written, write_file(compiled_.get(), temporary, std::move(content)));
    if (auto renamed = os::rename(compiled_.get(), temporary, name); !renamed) {
        (void)os::unlink(compiled_.get(), temporary);  // Else the sweep of a later start finds it.
        return std::move(renamed).error();
    }
    return written;
}

Result<std::optional<os::Fd>> ObjectDirectory::open_compiled(const std::string& name) {
    INLAY_TRY_VOID(check_compiled_name(name));
    return os::open_if_present(compiled_.get(), name);
}

Result<> ObjectDirectory::remove_compiled(const std::string& name) {
    INLAY_TRY_VOID(check_compiled_name(name));
    return os::unlink(compiled_.get(), name);
}

Result<> ObjectDirectory::for_each_compiled(const std::function<bool(std::string_view)>& use) {
    return os::for_each_entry(compiled_.get(),
                              [&](std::string_view name) { return name.ends_with(kTemporarySuffix) || use(name); });
}

Result<int> ObjectDirectory::open_shard(size_t index) {
    std::lock_guard lock(mutex_);
    Shard& shard = shards_[index];
    if (!shard.directory) {
        INLAY_TRY(bool made, os::make_directory(objects_.get(), shard_name(index)));
        shard.is_new |= made;
        INLAY_TRY(shard.directory, os::open_directory_at(objects_.get(), shard_name(index)));
    }
    return shard.directory.get();
}

Result<int> ObjectDirectory::shard_of(std::string_view version) {
    if (!is_version(version)) return not_a_version(version);
    return open_shard(*shard_index(version.substr(kVersionBytes - kShardNameBytes)));
}

Result<> ObjectDirectory::sync_shards(const std::bitset<kShards>& touched) {
    std::vector<int> directories;
    bool durable = true;
    for (size_t index = 0; index < kShards; index++) {
        if (!touched.test(index)) continue;
        INLAY_TRY(int directory, open_shard(index));
        directories.push_back(directory);
        std::lock_guard lock(mutex_);
        durable = durable && shards_[index].entry_is_durable;
    }
    if (!durable) INLAY_TRY_VOID(sync_entries_of_shards());
    for (int directory : directories) INLAY_TRY_VOID(sync_names(directory, "objects"));
    return {};
}

// Makes what shards are not there yet as well: one flush then does for all of them, instead of one for each as it is first used.
Result<> ObjectDirectory::sync_entries_of_shards() {
    std::bitset<kShards> opened;
    for (size_t index = 0; index < kShards; index++) opened.set(index, open_shard(index).ok());
    auto synced = sync_names(objects_.get(), "objects");
    std::lock_guard lock(mutex_);
    for (size_t index = 0; index < kShards; index++) {
        Shard& shard = shards_[index];
        if (synced.ok()) shard.entry_is_durable |= opened.test(index);
        // What lies there no catalog names. A later start would find the directory, sync its name with success, and rely on it.
        if (!synced.ok() && shard.is_new && !shard.entry_is_durable) (void)os::remove_tree(objects_.get(), shard_name(index));
    }
    return synced;
}

// The catalog has forgotten the file already. So if nobody has a hold now, whoever takes one later reads a catalog that does not name it.
Result<> ObjectDirectory::remove_file(int directory, const std::string& name) {
    INLAY_TRY(bool held, os::is_held(objects_.get()));
    std::vector<std::pair<int, std::string>> removals;
    {
        std::lock_guard lock(mutex_);
        if (!held) removals.swap(put_off_);
        if (held && put_off_.size() < kRemovalsHeldMax) put_off_.emplace_back(directory, name);
    }
    if (held) return {};
    removals.emplace_back(directory, name);
    Result<> removed;
    for (const auto& [where, file] : removals)
        if (auto done = os::unlink(where, file); !done.ok()) removed = std::move(done);
    return removed;
}

Result<Written> ObjectDirectory::write_file(int directory, const std::string& name, Content content) {
    if (auto filled = std::get_if<os::Fd>(&content)) {
        INLAY_TRY_VOID(os::sync(filled->get()));
        INLAY_TRY_VOID(os::link(filled->get(), directory, name));
        return Written{};
    }
    INLAY_TRY(auto file, temporaries_ == Temporaries::unnamed
                             ? NewFile::create_unnamed(directory)
                             : NewFile::create_named(directory, name + std::string(kTemporarySuffix)));
    auto range = std::get_if<os::FileRange>(&content);
    INLAY_TRY(auto written, range ? fill(file.fd(), *range) : fill(file.fd(), std::get<std::string_view>(content)));
    INLAY_TRY_VOID(os::sync(file.fd()));
    INLAY_TRY_VOID(file.publish(name));
    return written;
}

}  // namespace inlay::store
