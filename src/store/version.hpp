// VersionSource: makes the ids of versions, which no other start of any server makes again.
//
//     0000002a 9f3c01d7 00000000000001b3
//     epoch    random   counter              32 lower-case hex digits, no blanks
//
// The epoch is a number in the catalog that each start of the server raises: it tells a put in progress from what a
// crash left behind. The random part keeps ids apart when a catalog is restored from a backup and its epochs come a
// second time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace inlay::store {

inline constexpr size_t kVersionBytes = 32;

// Any thread may ask for the next id.
class VersionSource {
  public:
    explicit VersionSource(uint32_t epoch);

    std::string next();
    uint32_t epoch() const { return epoch_; }

  private:
    const uint32_t epoch_;
    const uint32_t random_;
    std::atomic<uint64_t> counter_{1};
};

// True for 32 lower-case hex digits.
bool is_version(std::string_view text) noexcept;

// The epoch of the server that made this version. Requires: is_version(version).
uint32_t epoch_of(std::string_view version);

}  // namespace inlay::store
