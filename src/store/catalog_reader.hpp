// CatalogReader: looks names up in the catalog over a connection of its own that cannot write.
//
// Each thread that reads has its own reader; readers never wait for the writer. Every call sees all commits that had
// returned before it began.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "store/records.hpp"
#include "store/sqlite.hpp"

namespace inlay::store {

struct ListQuery {
    std::string_view bucket;
    std::string_view prefix;       // Any bytes. Empty: all keys.
    std::string_view after;        // Only keys past this one. Empty: from the first.
    size_t limit = kListKeysMax;   // Held between 1 and kListKeysMax.
};

struct ObjectPage {
    std::vector<ObjectRecord> objects;  // In the order of their keys' bytes.
    std::string next;                   // `after` of the following page. Empty: this was the last.
};

struct BucketPage {
    std::vector<std::string> buckets;  // In the order of their bytes.
    std::string next;                  // As above.
};

class CatalogReader {
  public:
    // Requires: a Catalog has been created at `path` and is still open.
    static Result<CatalogReader> create(const std::string& path);
    // Over a connection of whatever kind.
    static Result<CatalogReader> create(Database database);

    // Cost: O(log n), microseconds.
    Result<std::optional<ObjectRecord>> find_object(const ObjectName& name);
    Result<std::optional<FunctionRecord>> find_function(std::string_view name);

    // Cost: O(limit * log n), however many objects there are. A bucket exists as long as it holds an object.
    Result<BucketPage> list_buckets(std::string_view after = {}, size_t limit = kListKeysMax);
    Result<ObjectPage> list_objects(const ListQuery& query);
    // Those that are files where they lie, in any order; at most kLinksMax.
    Result<std::vector<ObjectRecord>> list_linked();
    // By name; at most kFunctionsMax.
    Result<std::vector<FunctionRecord>> list_functions();

    // Whether some object, or some function, is of this version.
    Result<bool> has_object_version(std::string_view version);
    Result<bool> has_module_version(std::string_view version);

    // Calls `use` for every object, in the order of names; its first error ends the walk. Read page by page: later pages show
    // what was committed meanwhile, and `use` may ask this reader.
    Result<> for_each_object(const std::function<Result<>(const ObjectRecord&)>& use);
    struct Totals {
        uint64_t objects = 0;
        uint64_t object_bytes = 0;
        uint64_t functions = 0;
    };
    Result<Totals> count();

    // What SQLite finds wrong with the file, at most `count_max` lines; empty: nothing. Cost: reads all of it.
    Result<std::vector<std::string>> check_integrity(size_t count_max);
    Result<> copy_to(const std::string& path) { return database_.copy_to(path); }

  private:
    explicit CatalogReader(Database database) : database_(std::move(database)) {}

    Result<> prepare_all();

    Database database_;
    Statement find_object_, find_function_;
    Statement list_buckets_, list_objects_, list_linked_, list_functions_;
    Statement has_object_version_, has_module_version_;
};

}  // namespace inlay::store
