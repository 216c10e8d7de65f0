// The order of a start: directory, lock, files, catalog.
#include "store/data_directory.hpp"

#include <fmt/format.h>

#include "os/directory.hpp"
#include "os/file.hpp"
#include "store/file_names.hpp"

namespace inlay::store {
namespace {

// The directory, with a durable name.
Result<os::Fd> open_durably(const std::string& path) {
    INLAY_TRY(bool made, os::make_directory(path));
    INLAY_TRY(auto directory, os::open_existing_directory(path));
    auto synced = os::sync_parent(directory.get());
    if (synced.ok()) return directory;
    if (made) (void)os::remove_directory(path);  // Else a second try finds it, and its sync succeeds in vain.
    return Error{Errc::storage_failed, fmt::format("the name of data directory {:?} may be lost: {}; look after the disk and its filesystem, then start again", path, synced.error().detail)};
}

}  // namespace

Result<DataDirectory> DataDirectory::open(const std::string& path, ObjectDirectory::Temporaries temporaries) {
    DataDirectory data;
    INLAY_TRY(data.directory, open_durably(path));
    INLAY_TRY(data.lock, os::create_file(data.directory.get(), std::string(kLockName)));
    INLAY_TRY(bool locked, os::try_lock(data.lock.get()));
    if (!locked)
        return Error{Errc::io_error, fmt::format("data directory {:?} is already served by another process, or looked at by "
                                                 "inlay fsck or backup: stop it, or choose another --data",
                                                 path)};
    INLAY_TRY(data.objects, ObjectDirectory::create(path, temporaries));
    INLAY_TRY(auto ballast, Ballast::create(path));
    data.ballast.emplace(std::move(ballast));
    std::string catalog = path + "/" + std::string(kCatalogName);
    auto opened = data.open_catalog(catalog);
    // On a full disk a start needs the room that was held back for this.
    if (!opened.ok() && opened.error().code == Errc::no_space && data.ballast->throw_off()) opened = data.open_catalog(catalog);
    INLAY_TRY_VOID(std::move(opened));
    data.ballast->take_on();
    return data;
}

Result<> DataDirectory::open_catalog(const std::string& path) {
    catalog.reset();
    auto opened = Catalog::create(path);
    if (!opened.ok()) return Error{opened.error().code, fmt::format("{}: {}", path, opened.error().detail)};
    catalog.emplace(std::move(opened).value());
    INLAY_TRY(epoch, catalog->start_epoch());
    return {};
}

}  // namespace inlay::store
