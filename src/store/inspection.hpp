// Inspection: compares what the catalog names with the files that are there, and reports; it removes and repairs nothing.
//
//     INLAY_TRY(auto visit, Visit::create("/srv/data"));
//     INLAY_TRY(auto inspected, inspect(visit, {.content = true, .found = print}));
//
// While the server runs, names and files come and go. A file that is missing or wrong counts only if the catalog still names it
// afterwards, since a name goes before its file; files without names are counted as in flight.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.hpp"
#include "store/visit.hpp"

namespace inlay::store {

// What was found, in words that programs may match on: never renamed.
struct Finding {
    std::string kind;
    std::string thing;   // An object's "BUCKET/KEY", a function's name, or a path inside the data directory.
    std::string found;
    std::string remedy;
};

struct InspectionTerms {
    bool content = false;  // Read every file to its end, and compare what a hash is stored of: modules.
    std::function<void(const Finding&)> found;
    // Of objects, by their size; may be empty.
    std::function<void(uint64_t bytes)> begun;      // All of them.
    std::function<void(uint64_t bytes)> looked_at;  // One of them.
};

struct Inspected {
    bool served = false;  // A server runs.
    uint64_t objects = 0;
    uint64_t object_bytes = 0;
    uint64_t linked = 0;  // Among the objects.
    uint64_t functions = 0;
    uint64_t in_flight = 0;  // Files without names beside a running server: being written, or about to go.
    uint64_t findings = 0;
};

// Errors: what keeps from looking at all: io_error, unsupported_version.
Result<Inspected> inspect(const Visit& visit, const InspectionTerms& terms);

}  // namespace inlay::store
