// Locks on files, by which processes that share a data directory keep out of each other's way.
//
// Both kinds end with their descriptor, so also when their process is killed.
#pragma once

#include "base/result.hpp"
#include "os/fd.hpp"

namespace inlay::os {

// Takes a lock that others may share, and that keeps try_lock() (os/file.hpp) of others away. False: somebody holds that one.
Result<bool> try_shared_lock(int fd);

// Takes a hold of a file or directory: several may have one, and it keeps nobody from anything but is seen by is_held(). Waits for nobody.
// Requires: `fd` is open for reading.
Result<> hold(int fd);
// Whether anybody else has a hold of this file: through another opening of it.
Result<bool> is_held(int fd);

}  // namespace inlay::os
