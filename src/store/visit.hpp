// Visit: a data directory as another process than its server finds it, to look at and never to write to.
//
// The server may run meanwhile: served() says so, and then what is seen changes. Where none runs, none can start before the
// visit has ended, and not even the files that SQLite makes beside a catalog come into being.
#pragma once

#include <string>

#include "base/result.hpp"
#include "os/fd.hpp"
#include "store/catalog_reader.hpp"

namespace inlay::store {

class Visit {
  public:
    // Errors: not_found when there is no data directory; io_error.
    static Result<Visit> create(const std::string& path);

    const std::string& path() const { return path_; }
    int directory() const { return directory_.get(); }
    bool served() const { return served_; }
    std::string catalog_path() const;
    // Errors: not_found when the file is missing; corrupt; unsupported_version.
    Result<CatalogReader> open_catalog() const;

    // As long as the result lives no file goes that a catalog opened from now on names. Errors: io_error.
    Result<os::Fd> hold_removals() const;

  private:
    Visit() = default;

    std::string path_;
    os::Fd directory_;
    os::Fd lock_;  // Shared with other visitors.
    bool served_ = false;
};

}  // namespace inlay::store
