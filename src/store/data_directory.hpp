// DataDirectory: what a server has open of its data directory, from the lock to the number of this start.
//
//     DIR/lock  DIR/catalog.db  DIR/objects/  DIR/modules/  DIR/compiled/  DIR/ballast
//
// Opening is all or nothing, and as durable as a commit: whatever it made and could not make durable is gone again, or written anew by
// the next start.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "os/fd.hpp"
#include "store/ballast.hpp"
#include "store/catalog.hpp"
#include "store/object_directory.hpp"

namespace inlay::store {

struct DataDirectory {
    os::Fd directory;
    os::Fd lock;  // Keeps other servers out, and tells visitors (store/visit.hpp) that one runs.
    std::unique_ptr<ObjectDirectory> objects;
    std::optional<Ballast> ballast;
    std::optional<Catalog> catalog;
    uint32_t epoch = 0;

    // Makes what is missing. Errors: io_error when another process has it; storage_failed; otherwise those of Catalog::create.
    static Result<DataDirectory> open(const std::string& path, ObjectDirectory::Temporaries temporaries = ObjectDirectory::Temporaries::unnamed);

  private:
    Result<> open_catalog(const std::string& path);
};

}  // namespace inlay::store
