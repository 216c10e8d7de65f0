// Look-ups and listings, all of them range scans of an index.
#include "store/catalog_reader.hpp"

#include <algorithm>

#include "store/schema.hpp"

namespace inlay::store {
namespace {

constexpr std::string_view kFindObject = R"(
    SELECT bucket, key, version, size_bytes, content_type, modified_ms, link_path, link_stamp FROM objects
    WHERE bucket = ? AND key = ?)";
constexpr std::string_view kListObjects = R"(
    SELECT bucket, key, version, size_bytes, content_type, modified_ms, link_path, link_stamp FROM objects
    WHERE bucket = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?)";
constexpr std::string_view kListLinked = R"(
    SELECT bucket, key, version, size_bytes, content_type, modified_ms, link_path, link_stamp FROM objects
    WHERE link_path <> x'')";
// Jumps from each bucket's name to the next instead of walking over the objects between them.
constexpr std::string_view kListBuckets = R"(
    WITH RECURSIVE names(name) AS (
        SELECT min(bucket) FROM objects WHERE bucket > ?
        UNION ALL
        SELECT (SELECT min(bucket) FROM objects WHERE bucket > name) FROM names WHERE name IS NOT NULL
    )
    SELECT name FROM names WHERE name IS NOT NULL LIMIT ?)";
constexpr std::string_view kFindFunction = R"(
    SELECT name, version, module_hash, module_bytes, limits, env, deployed_ms, class, isolated, directories, warm
    FROM functions WHERE name = ?)";
constexpr std::string_view kListFunctions = R"(
    SELECT name, version, module_hash, module_bytes, limits, env, deployed_ms, class, isolated, directories, warm
    FROM functions ORDER BY name)";

ObjectRecord object_of(const Rows& rows) {
    return {.name = {rows.bytes(0), rows.bytes(1)},
            .version = rows.bytes(2),
            .size_bytes = rows.number(3),
            .content_type = rows.bytes(4),
            .modified_ms = rows.number(5),
            .link_path = rows.bytes(6),
            .link_stamp = rows.bytes(7)};
}

FunctionRecord function_of(const Rows& rows) {
    return {.name = rows.bytes(0),
            .version = rows.bytes(1),
            .module_hash = rows.bytes(2),
            .module_bytes = rows.number(3),
            .limits = parse_limits(rows.bytes(4)),
            .env = rows.bytes(5),
            .deployed_ms = rows.number(6),
            .run_class = parse_function_class(rows.bytes(7)).value_or(FunctionClass::automatic),
            .isolated = rows.number(8) != 0,
            .directories = rows.bytes(9),
            .warm = rows.number(10) != 0};
}

template <class Record>
Result<std::vector<Record>> all_of(Rows rows, Record (*record_of)(const Rows&)) {
    std::vector<Record> records;
    for (;;) {
        INLAY_TRY(bool found, rows.next());
        if (!found) return records;
        records.push_back(record_of(rows));
    }
}

// The first byte string past all that begin with `prefix`. Where there is none (only 0xff bytes): one past every key.
std::string end_of_prefix(std::string_view prefix) {
    std::string end(prefix);
    while (!end.empty() && end.back() == '\xff') end.pop_back();
    if (end.empty()) return std::string(kKeyBytesMax + 1, '\xff');
    end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
    return end;
}

// The first key of a listing: no byte string lies between `after` and `after` with a zero byte behind it.
std::string start_of(const ListQuery& query) {
    if (query.after.empty() || query.after < query.prefix) return std::string(query.prefix);
    return std::string(query.after) + '\0';
}

size_t clamp(size_t limit) { return std::clamp<size_t>(limit, 1, kListKeysMax); }

}  // namespace

Result<CatalogReader> CatalogReader::create(const std::string& path) {
    INLAY_TRY(auto database, Database::create_read_only(path));
    return create(std::move(database));
}

Result<CatalogReader> CatalogReader::create(Database database) {
    INLAY_TRY_VOID(check_schema(database));
    CatalogReader reader(std::move(database));
    INLAY_TRY_VOID(reader.prepare_all());
    return reader;
}

Result<> CatalogReader::prepare_all() {
    INLAY_TRY(find_object_, database_.prepare(kFindObject));
    INLAY_TRY(find_function_, database_.prepare(kFindFunction));
    INLAY_TRY(list_buckets_, database_.prepare(kListBuckets));
    INLAY_TRY(list_objects_, database_.prepare(kListObjects));
    INLAY_TRY(list_linked_, database_.prepare(kListLinked));
    INLAY_TRY(list_functions_, database_.prepare(kListFunctions));
    INLAY_TRY(has_object_version_, database_.prepare("SELECT 1 FROM objects WHERE version = ?"));
    INLAY_TRY(has_module_version_, database_.prepare("SELECT 1 FROM functions WHERE version = ?"));
    return {};
}

Result<std::optional<ObjectRecord>> CatalogReader::find_object(const ObjectName& name) {
    auto rows = find_object_.query(Text{name.bucket}, Blob{name.key});
    INLAY_TRY(bool found, rows.next());
    if (!found) return std::optional<ObjectRecord>();
    return std::optional<ObjectRecord>(object_of(rows));
}

Result<std::optional<FunctionRecord>> CatalogReader::find_function(std::string_view name) {
    auto rows = find_function_.query(Text{name});
    INLAY_TRY(bool found, rows.next());
    if (!found) return std::optional<FunctionRecord>();
    return std::optional<FunctionRecord>(function_of(rows));
}

Result<BucketPage> CatalogReader::list_buckets(std::string_view after, size_t limit) {
    limit = clamp(limit);
    BucketPage page;
    auto rows = list_buckets_.query(Text{after}, limit + 1);  // One more tells whether another page follows.
    for (;;) {
        INLAY_TRY(bool found, rows.next());
        if (!found) return page;
        if (page.buckets.size() == limit) break;
        page.buckets.push_back(rows.bytes(0));
    }
    page.next = page.buckets.back();
    return page;
}

Result<ObjectPage> CatalogReader::list_objects(const ListQuery& query) {
    size_t limit = clamp(query.limit);
    std::string start = start_of(query), end = end_of_prefix(query.prefix);
    ObjectPage page;
    auto rows = list_objects_.query(Text{query.bucket}, Blob{start}, Blob{end}, limit + 1);
    for (;;) {
        INLAY_TRY(bool found, rows.next());
        if (!found) return page;
        if (page.objects.size() == limit) break;
        page.objects.push_back(object_of(rows));
    }
    page.next = page.objects.back().name.key;
    return page;
}

Result<std::vector<ObjectRecord>> CatalogReader::list_linked() { return all_of(list_linked_.query(), object_of); }

Result<std::vector<FunctionRecord>> CatalogReader::list_functions() { return all_of(list_functions_.query(), function_of); }

Result<> CatalogReader::for_each_object(const std::function<Result<>(const ObjectRecord&)>& use) {
    BucketPage buckets;
    do {
        INLAY_TRY(buckets, list_buckets(buckets.next));
        for (const auto& bucket : buckets.buckets) {
            ObjectPage page;
            do {
                INLAY_TRY(page, list_objects({.bucket = bucket, .prefix = {}, .after = page.next}));
                for (const auto& object : page.objects) INLAY_TRY_VOID(use(object));
            } while (!page.next.empty());
        }
    } while (!buckets.next.empty());
    return {};
}

Result<CatalogReader::Totals> CatalogReader::count() {
    INLAY_TRY(auto sum, database_.prepare("SELECT count(*), ifnull(sum(size_bytes), 0), (SELECT count(*) FROM functions) FROM objects"));
    auto rows = sum.query();
    INLAY_TRY(bool found, rows.next());
    INLAY_CHECK(found);
    return Totals{rows.number(0), rows.number(1), rows.number(2)};
}

Result<std::vector<std::string>> CatalogReader::check_integrity(size_t count_max) {
    INLAY_TRY(auto check, database_.prepare("PRAGMA integrity_check(" + std::to_string(count_max) + ")"));
    auto rows = check.query();
    std::vector<std::string> wrong;
    for (;;) {
        INLAY_TRY(bool found, rows.next());
        if (!found) return wrong;
        if (auto line = rows.bytes(0); line != "ok") wrong.push_back(std::move(line));
    }
}

Result<bool> CatalogReader::has_object_version(std::string_view version) {
    auto rows = has_object_version_.query(Text{version});
    return rows.next();
}

Result<bool> CatalogReader::has_module_version(std::string_view version) {
    auto rows = has_module_version_.query(Text{version});
    return rows.next();
}

}  // namespace inlay::store
