// XXH3-128 by the header-only form of libxxhash.
#include "store/hash.hpp"

#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <vector>

#include "base/limits.hpp"
#include "os/file.hpp"

namespace inlay::store {
namespace {

constexpr size_t kPieceBytes = 1 * MiB;

std::string to_hex(XXH128_hash_t hash) { return fmt::format("{:016x}{:016x}", hash.high64, hash.low64); }

}  // namespace

std::string xxh3_128_hex(std::string_view bytes) { return to_hex(XXH3_128bits(bytes.data(), bytes.size())); }

Result<std::string> xxh3_128_hex(const os::Fd& file) {
    INLAY_TRY(auto status, os::status(file.get()));
    XXH3_state_t state;
    XXH3_128bits_reset(&state);
    // Reading and not mapping: a file that is truncated meanwhile is then an error and not a SIGBUS.
    std::vector<char> piece(std::min<uint64_t>(kPieceBytes, status.size));
    for (uint64_t done = 0; done < status.size;) {
        size_t length = std::min<uint64_t>(piece.size(), status.size - done);
        INLAY_TRY_VOID(os::read_exactly_at(file.get(), piece.data(), length, done));
        XXH3_128bits_update(&state, piece.data(), length);
        done += length;
    }
    return to_hex(XXH3_128bits_digest(&state));
}

}  // namespace inlay::store
