// Backup: a data directory made from another one as it is at one moment, whether its server runs or not.
//
//     hold removals -> copy the catalog -> link or copy each file that the copy names -> flush -> manifest -> rename
//
// Invariants:
//  1. TO appears at once and complete: until then all lies in TO.unfinished, which is no backup.
//  2. Everything that the copied catalog names is there: a file comes before its name, and none goes while removals are held.
//
// Linked objects stay links: the backup names the files, and does not hold them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "store/visit.hpp"

namespace inlay::store {

// Written last: what the backup holds, as JSON.
inline constexpr std::string_view kManifestName = "backup.json";

enum class FileSharing {
    where_possible,  // A file of the same filesystem gets a second name there: no copy, and damage to it is damage to both.
    none,
};

struct BackupTerms {
    FileSharing sharing = FileSharing::where_possible;
    // Of objects, by their size; may be empty.
    std::function<void(uint64_t bytes)> begun;  // All of them.
    std::function<void(uint64_t bytes)> taken;  // One of them.
};

struct BackedUp {
    uint64_t objects = 0;
    uint64_t object_bytes = 0;
    uint64_t linked = 0;  // Among the objects.
    uint64_t functions = 0;
    uint64_t shared_files = 0;
    uint64_t copied_files = 0;
};

// Makes `to`, which is absent or an empty directory. Whatever fails leaves it so; being killed leaves TO.unfinished.
// Errors: precondition_failed when there is something at `to` or TO.unfinished; corrupt, with what is missing; no_space; io_error.
Result<BackedUp> back_up(const Visit& visit, const std::string& to, const BackupTerms& terms);

}  // namespace inlay::store
