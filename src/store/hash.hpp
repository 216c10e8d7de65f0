// XXH3-128 of bytes and of files: notices damage on disk; no protection against forgery.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace inlay::store {

// 32 lower-case hex digits in the canonical (big-endian) order, as `xxhsum -H2` prints them.
std::string xxh3_128_hex(std::string_view bytes);

// The same of a whole file, read from its start whatever its position. A file that shrinks meanwhile is an error.
Result<std::string> xxh3_128_hex(const os::Fd& file);

}  // namespace inlay::store
