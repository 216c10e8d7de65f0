// What the catalog remembers of an object and of a function, and under which condition it changes.
#pragma once

#include <cstdint>
#include <string>

#include "base/function_class.hpp"
#include "base/function_limits.hpp"
#include "base/names.hpp"

namespace inlay::store {

struct ObjectRecord {
    ObjectName name;
    std::string version;  // Names the object's file, where it is our own; also its ETag.
    uint64_t size_bytes = 0;
    std::string content_type;
    uint64_t modified_ms = 0;  // Wall time since 1970.
    std::string link_path;     // Of a linked file: where it lies. Empty: the object's file is our own.
    std::string link_stamp;    // What it was when it was linked (os::LeasedFile::stamp).

    bool linked() const { return !link_path.empty(); }

    friend bool operator==(const ObjectRecord&, const ObjectRecord&) = default;
};

struct FunctionRecord {
    std::string name;
    std::string version;      // Names the module's file.
    std::string module_hash;  // XXH3-128 of the module's bytes in hex: finds damage, not forgery.
    uint64_t module_bytes = 0;
    FunctionLimits limits;
    std::string env;  // KEY=VALUE pairs, each ended by '\0'.
    uint64_t deployed_ms = 0;
    FunctionClass run_class = FunctionClass::automatic;
    bool isolated = false;  // Its code is run in processes of its own only: in lanes.
    std::string directories;  // What a WASI program finds open: PATH=BUCKET, or PATH=BUCKET:w to write there, too, each ended by '\0'.
    bool warm = false;        // Its module is a snapshot: it was initialised at deploy.

    // Whether code without epoch checks is what its invocations begin with.
    bool begins_in_lanes() const { return isolated || run_class == FunctionClass::heavy; }
    // Its module is a plan in TOML, and nothing is compiled.
    bool is_pipeline() const { return run_class == FunctionClass::pipeline; }

    friend bool operator==(const FunctionRecord&, const FunctionRecord&) = default;
};

// What must be true of the object that a change names. Empty: nothing.
struct Precondition {
    bool must_be_absent = false;      // If-None-Match: *
    bool must_exist = false;          // If-Match: *
    std::string must_match_version;   // If-Match: "VERSION"

    friend bool operator==(const Precondition&, const Precondition&) = default;
};

}  // namespace inlay::store
