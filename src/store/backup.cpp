// Takes the catalog, then the files that it names.
#include "store/backup.hpp"

#include <fmt/format.h>

#include <array>
#include <filesystem>

#include "base/clock.hpp"
#include "os/directory.hpp"
#include "store/file_names.hpp"
#include "store/version.hpp"

namespace inlay::store {
namespace {

constexpr std::string_view kUnfinishedSuffix = ".unfinished";

// The directory in the making. Gone when destroyed before publish().
class NewDirectory {
  public:
    static Result<NewDirectory> create(const std::string& to) {
        NewDirectory made;
        made.path_ = std::filesystem::absolute(to).lexically_normal().string();
        while (made.path_.size() > 1 && made.path_.ends_with('/')) made.path_.pop_back();
        made.unfinished_ = made.path_ + std::string(kUnfinishedSuffix);
        INLAY_TRY_VOID(made.check_place());
        INLAY_TRY(made.fd_, os::create_directory(made.unfinished_));
        return made;
    }
    NewDirectory(NewDirectory&& other) noexcept
        : path_(std::move(other.path_)), unfinished_(std::move(other.unfinished_)), fd_(std::move(other.fd_)) {}
    NewDirectory& operator=(NewDirectory&&) = delete;
    ~NewDirectory() {
        if (fd_) (void)os::remove_tree(unfinished_);
    }

    int fd() const { return fd_.get(); }
    std::string path_of(std::string_view name) const { return unfinished_ + "/" + std::string(name); }

    Result<> publish() {
        INLAY_TRY_VOID(os::rename_directory(unfinished_, path_));
        auto synced = os::sync_parent(fd_.get());
        // Not to be taken for a backup: its name may be lost.
        if (!synced.ok() && os::rename_directory(path_, unfinished_).ok()) return synced;
        fd_.close();
        return synced;
    }

  private:
    NewDirectory() = default;

    Result<> check_place() const {
        auto refuse = [](std::string why) { return Error{Errc::precondition_failed, std::move(why)}; };
        std::error_code unknown;
        if (std::filesystem::exists(unfinished_, unknown))
            return refuse(fmt::format("{:?} is left of a backup that did not end, or one is being made: remove it first", unfinished_));
        if (!std::filesystem::exists(std::filesystem::symlink_status(path_, unknown))) return {};
        bool empty = std::filesystem::is_directory(std::filesystem::symlink_status(path_, unknown)) && std::filesystem::is_empty(path_, unknown);
        if (!empty) return refuse(fmt::format("{:?} is no empty directory: name one that does not exist", path_));
        INLAY_TRY(auto there, os::open_existing_directory(path_));
        INLAY_TRY(auto parent, os::open_existing_directory(path_ + "/.."));
        INLAY_TRY(bool movable, os::is_same_filesystem(there.get(), parent.get()));
        if (!movable) return refuse(fmt::format("{:?} is where a filesystem is mounted: name a directory below it", path_));
        return {};
    }

    std::string path_;
    std::string unfinished_;
    os::Fd fd_;
};

class BackupMaker {
  public:
    BackupMaker(const Visit& visit, const BackupTerms& terms, const NewDirectory& to) : visit_(visit), terms_(terms), to_(to) {}

    Result<BackedUp> make() {
        INLAY_TRY(bool same, os::is_same_filesystem(visit_.directory(), to_.fd()));
        shares_ = same && terms_.sharing == FileSharing::where_possible;
        INLAY_TRY_VOID(make_directories());
        INLAY_TRY(auto removals, visit_.hold_removals());
        INLAY_TRY(auto catalog, take_catalog());
        INLAY_TRY(auto totals, catalog.count());
        if (terms_.begun) terms_.begun(totals.object_bytes);
        INLAY_TRY_VOID(catalog.for_each_object([&](const ObjectRecord& object) { return take_object(object); }));
        INLAY_TRY(auto functions, catalog.list_functions());
        for (const auto& function : functions) INLAY_TRY_VOID(take_module(function));
        removals.close();
        INLAY_TRY_VOID(os::sync_filesystem(to_.fd()));
        INLAY_TRY_VOID(write_manifest());
        return made_;
    }

  private:
    static Result<os::Fd> make_directory(int parent, const std::string& name) {
        INLAY_TRY_VOID(os::make_directory(parent, name));
        return os::open_directory_at(parent, name);
    }

    Result<> make_directories() {
        INLAY_TRY(auto objects, make_directory(to_.fd(), "objects"));
        for (size_t index = 0; index < kShards; index++) {
            INLAY_TRY(shards_[index], make_directory(objects.get(), shard_name(index)));
        }
        INLAY_TRY(modules_, make_directory(to_.fd(), "modules"));
        return {};
    }

    // The copy is what is read from then on: nobody changes it.
    Result<CatalogReader> take_catalog() {
        std::string path = to_.path_of(kCatalogName);
        {
            INLAY_TRY(auto source, visit_.open_catalog());
            INLAY_TRY_VOID(source.copy_to(path));
        }
        INLAY_TRY(auto database, Database::create_undisturbing(path));
        return CatalogReader::create(std::move(database));
    }

    Result<> take_object(const ObjectRecord& object) {
        made_.objects++;
        made_.object_bytes += object.size_bytes;
        if (terms_.taken) terms_.taken(object.size_bytes);
        if (object.linked()) {
            made_.linked++;
            return {};
        }
        if (!is_version(object.version)) return Error{Errc::corrupt, fmt::format("object {}: {:?} is no version: run inlay fsck", object.name.path(), object.version)};
        auto shard = object.version.substr(kVersionBytes - kShardNameBytes);
        return take_file("object " + object.name.path(), "objects/" + shard, shards_[*shard_index(shard)].get(), object.version, object.size_bytes);
    }

    Result<> take_module(const FunctionRecord& function) {
        made_.functions++;
        return take_file("function " + function.name, "modules", modules_.get(), module_file(function.version), function.module_bytes);
    }

    Result<> take_file(const std::string& whose, const std::string& directory, int to, const std::string& name, uint64_t size_bytes) {
        std::string path = directory + "/" + name;
        INLAY_TRY(auto status, os::entry_status(visit_.directory(), path));
        if (!status || !status->is_regular || status->size != size_bytes)
            return Error{Errc::corrupt, fmt::format("{}: its file {} is missing or damaged: run inlay fsck, which says what to do", whose, path)};
        INLAY_TRY(auto file, os::open_if_present(visit_.directory(), path));
        if (!file) return Error{Errc::corrupt, fmt::format("{}: its file {} went while it was looked at: run inlay backup again", whose, path)};
        // A file may have as many names as its filesystem allows: then it is copied.
        if (shares_ && os::link(file->get(), to, name).ok()) {
            made_.shared_files++;
            return {};
        }
        INLAY_TRY(auto copy, os::create_file(to, name));
        INLAY_TRY_VOID(os::copy_file(file->get(), copy.get(), size_bytes));
        made_.copied_files++;
        return {};
    }

    Result<> write_manifest() {
        INLAY_TRY(auto file, os::create_file(to_.fd(), std::string(kManifestName)));
        INLAY_TRY_VOID(os::write_all(file.get(), fmt::format(R"({{"format": 1, "made_ms": {}, "objects": {}, "object_bytes": {}, "linked_objects": {}, )"
                                                             R"("functions": {}, "shared_files": {}, "copied_files": {}}})"
                                                             "\n",
                                                             wall_ms(), made_.objects, made_.object_bytes, made_.linked, made_.functions,
                                                             made_.shared_files, made_.copied_files)));
        INLAY_TRY_VOID(os::sync(file.get()));
        return os::sync(to_.fd());
    }

    const Visit& visit_;
    const BackupTerms& terms_;
    const NewDirectory& to_;
    bool shares_ = false;
    std::array<os::Fd, kShards> shards_;
    os::Fd modules_;
    BackedUp made_;
};

}  // namespace

Result<BackedUp> back_up(const Visit& visit, const std::string& to, const BackupTerms& terms) {
    INLAY_TRY(auto directory, NewDirectory::create(to));
    INLAY_TRY(auto made, BackupMaker(visit, terms, directory).make());
    INLAY_TRY_VOID(directory.publish());
    return made;
}

}  // namespace inlay::store
