// Changes of the catalog: what one request wants done, and what became of it.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "store/records.hpp"

namespace inlay::store {

// Requires: the version is new (VersionSource) and its file is durable under its name.
struct PutObject {
    ObjectRecord object;
    Precondition precondition;
};

struct DeleteObject {
    ObjectName name;
    Precondition precondition;
};

// Requires: as for PutObject.
struct DeployFunction {
    FunctionRecord function;
};

struct RemoveFunction {
    std::string name;
};

using Change = std::variant<PutObject, DeleteObject, DeployFunction, RemoveFunction>;

// The effects of one request, in order: all of them happen, or none.
struct ChangeSet {
    std::vector<Change> changes;
};

enum class Effect { created, replaced, removed };

struct Applied {
    std::vector<Effect> effects;  // One per change.
    // Versions that the catalog no longer names, among them those that a later change of the same set replaced. Their
    // files may be removed once commit() has returned.
    std::vector<std::string> unreferenced_objects;
    std::vector<std::string> unreferenced_modules;
};

}  // namespace inlay::store
