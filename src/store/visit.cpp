// Opens what is there, and makes nothing.
#include "store/visit.hpp"

#include <fmt/format.h>

#include "os/directory.hpp"
#include "os/file_lock.hpp"
#include "store/file_names.hpp"

namespace inlay::store {

Result<Visit> Visit::create(const std::string& path) {
    Visit visit;
    visit.path_ = path;
    INLAY_TRY(visit.directory_, os::open_existing_directory(path));
    INLAY_TRY(auto objects, os::open_directory_if_present(visit.directory_.get(), "objects"));
    INLAY_TRY(auto catalog, os::entry_status(visit.directory_.get(), std::string(kCatalogName)));
    if (!objects && !catalog)
        return Error{Errc::not_found, fmt::format("{:?} is no data directory: it has neither catalog.db nor objects/; give the --data of a server", path)};
    INLAY_TRY(auto lock, os::open_if_present(visit.directory_.get(), std::string(kLockName)));
    if (!lock) return visit;
    visit.lock_ = std::move(*lock);
    INLAY_TRY(bool alone, os::try_shared_lock(visit.lock_.get()));
    visit.served_ = !alone;
    return visit;
}

std::string Visit::catalog_path() const { return path_ + "/" + std::string(kCatalogName); }

Result<CatalogReader> Visit::open_catalog() const {
    INLAY_TRY(auto file, os::entry_status(directory_.get(), std::string(kCatalogName)));
    if (!file) return Error{Errc::not_found, fmt::format("catalog {}: the file is missing", catalog_path())};
    INLAY_TRY(auto database, served_ ? Database::create_read_only(catalog_path()) : Database::create_undisturbing(catalog_path()));
    return CatalogReader::create(std::move(database));
}

Result<os::Fd> Visit::hold_removals() const {
    if (!served_) return os::Fd();  // Nobody is there who would remove anything, or could come.
    INLAY_TRY(auto objects, os::open_existing_directory(path_ + "/objects"));
    INLAY_TRY_VOID(os::hold(objects.get()));
    return objects;
}

}  // namespace inlay::store
