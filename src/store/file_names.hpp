// Names inside of the data directory: the catalog's, the lock's, what a version's file and its directory are called.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace inlay::store {

inline constexpr size_t kShards = 256;  // Directories below objects/.
inline constexpr size_t kShardNameBytes = 2;
inline constexpr std::string_view kCatalogName = "catalog.db";
inline constexpr std::string_view kLockName = "lock";  // Of the data directory: its server's.
inline constexpr std::string_view kModuleSuffix = ".wasm";
inline constexpr std::string_view kTemporarySuffix = ".tmp";

inline std::string shard_name(size_t index) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    return {kDigits[index / 16 % 16], kDigits[index % 16]};
}

// nullopt: not the name of such a directory.
inline std::optional<size_t> shard_index(std::string_view name) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    if (name.size() != kShardNameBytes) return std::nullopt;
    size_t high = kDigits.find(name[0]), low = kDigits.find(name[1]);
    if (high == kDigits.npos || low == kDigits.npos) return std::nullopt;
    return high * 16 + low;
}

inline std::string module_file(std::string_view version) { return std::string(version) + std::string(kModuleSuffix); }

}  // namespace inlay::store
