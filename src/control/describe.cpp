// Builds the JSON.
#include "control/describe.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/text_list.hpp"

namespace inlay::control {
namespace {

using Json = nlohmann::ordered_json;

std::string rfc3339(uint64_t wall_ms) {
    auto seconds = static_cast<std::time_t>(wall_ms / 1000);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), wall_ms % 1000);
}

Json directories_of(const store::FunctionRecord& record) {
    Json list = Json::array();
    for (std::string_view rest = record.directories; !rest.empty();) list.push_back(take_text(rest));
    return list;
}

// Log lines may hold any bytes: what is no UTF-8 is replaced.
std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

Json json_of(const store::FunctionRecord& record, const Usage& usage, const std::string* quarantined) {
    Json json = {{"name", record.name},
                 {"version", record.version},
                 {"module_bytes", record.module_bytes},
                 {"class", name_of(record.run_class)},
                 {"isolated", record.isolated},
                 {"warm", record.warm},
                 {"directories", directories_of(record)},
                 {"deployed", rfc3339(record.deployed_ms)}};
    for (const auto& row : kFunctionLimits) json[std::string(row.name)] = record.limits.*row.value;
    json["usage"] = {{"invocations", usage.invocations}, {"refused", usage.refused}, {"overruns", usage.overruns},
                      {"cpu_us", usage.cpu_us},           {"lost_us", usage.lost_us}, {"in_flight", usage.in_flight}};
    if (quarantined) json["quarantined"] = *quarantined;
    return json;
}

Json json_of(const store::ObjectRecord& object) {
    Json json = {{"key", object.name.key},
                 {"bytes", object.size_bytes},
                 {"version", object.version},
                 {"content_type", object.content_type},
                 {"modified", rfc3339(object.modified_ms)}};
    if (object.linked()) json["linked"] = object.link_path;
    return json;
}

// Where the next page begins; null: there is none.
Json next_of(const std::string& next) { return next.empty() ? Json(nullptr) : Json(next); }

Result<std::string> describe_buckets(const registry::Listing& listing, store::CatalogReader& catalog) {
    INLAY_TRY(auto page, catalog.list_buckets(listing.after, static_cast<size_t>(listing.limit)));
    Json buckets = Json::array();
    for (const auto& bucket : page.buckets) buckets.push_back({{"name", bucket}});
    return text_of({{"buckets", std::move(buckets)}, {"next", next_of(page.next)}});
}

Result<std::string> describe_objects(const registry::Listing& listing, store::CatalogReader& catalog) {
    INLAY_TRY_VOID(check_name("bucket", listing.name));
    store::ListQuery query{listing.name, listing.prefix, listing.after, static_cast<size_t>(listing.limit)};
    INLAY_TRY(auto page, catalog.list_objects(query));
    if (page.objects.empty()) {
        INLAY_TRY(auto any, catalog.list_objects({listing.name, {}, {}, 1}));
        if (any.objects.empty())
            return Error{Errc::bucket_not_found,
                         fmt::format("bucket {:?} holds no object: a bucket begins with its first one", listing.name)};
    }
    Json objects = Json::array();
    for (const auto& object : page.objects) objects.push_back(json_of(object));
    return text_of({{"bucket", listing.name}, {"objects", std::move(objects)}, {"next", next_of(page.next)}});
}

Result<std::string> describe_functions(store::CatalogReader& catalog, const KnownOfFunctions& known) {
    INLAY_TRY(auto records, catalog.list_functions());
    Json functions = Json::array();
    for (const auto& record : records)
        functions.push_back(json_of(record, known.accounts.usage_of(record.name), known.quarantine.reason(record.version)));
    return text_of({{"functions", std::move(functions)}});
}

Result<store::FunctionRecord> get_function(const std::string& name, store::CatalogReader& catalog) {
    INLAY_TRY_VOID(check_name("function", name));
    INLAY_TRY(auto record, catalog.find_function(name));
    if (!record)
        return Error{Errc::function_not_found, fmt::format("function {:?} is not deployed: see `inlay functions`", name)};
    return std::move(*record);
}

Result<std::string> describe_log(const registry::Listing& listing, store::CatalogReader& catalog, const FunctionLogs& logs) {
    static constexpr const char* kLevels[] = {"debug", "info", "warn", "error"};
    INLAY_TRY_VOID(get_function(listing.name, catalog));
    uint64_t after = 0;
    std::from_chars(listing.after.data(), listing.after.data() + listing.after.size(), after);
    Json lines = Json::array();
    for (const auto* line : logs.lines_after(listing.name, after)) {
        lines.push_back({{"seq", line->sequence},
                         {"time", rfc3339(line->wall_ms)},
                         {"level", kLevels[line->level & 3]},
                         {"invocation", line->invocation},
                         {"text", line->text}});
        if (!line->trace.empty()) lines.back()["trace"] = line->trace;
    }
    return text_of({{"lines", std::move(lines)}, {"next", logs.last_sequence()}});
}

Json json_of(const registry::Span& span, uint64_t first_ns) {
    return {{"id", fmt::format("{:016x}", span.id)},
            {"parent", fmt::format("{:016x}", span.parent)},
            {"function", span.function},
            {"step", span.step.empty() ? Json(nullptr) : Json(span.step)},
            {"place", span.place},
            {"ending", span.ending},
            {"attempts", span.attempts},
            {"began_us", (span.began_ns - first_ns) / 1000},
            {"took_us", span.took_ns / 1000},
            {"cpu_us", span.cpu_ns / 1000},
            {"mapped", span.mapped_bytes},
            {"copied", span.copied_bytes}};
}

Result<std::string> describe_trace(const std::string& id, const Traces& traces) {
    const auto* kept = traces.find(id);
    if (!kept)
        return Error{Errc::not_found, fmt::format("there is no trace {:?}: the latest ones are kept of requests with a `traceparent` that is sampled", id)};
    uint64_t first_ns = UINT64_MAX;
    for (const auto& span : kept->spans.list) first_ns = std::min(first_ns, span.began_ns);
    Json spans = Json::array();
    for (const auto& span : kept->spans.list) spans.push_back(json_of(span, first_ns));
    return text_of({{"trace", id}, {"time", rfc3339(kept->wall_ms)}, {"left_out", kept->spans.left_out}, {"spans", std::move(spans)}});
}

// The latest first.
std::string describe_traces(const registry::Listing& listing, const Traces& traces) {
    Json list = Json::array();
    for (const auto* kept : traces.latest(static_cast<size_t>(listing.limit))) {
        const auto& request = kept->spans.list.back();
        list.push_back({{"trace", kept->id},
                        {"time", rfc3339(kept->wall_ms)},
                        {"function", request.function},
                        {"ending", request.ending},
                        {"took_us", request.took_ns / 1000},
                        {"spans", kept->spans.list.size() + kept->spans.left_out}});
    }
    return text_of({{"traces", std::move(list)}});
}

}  // namespace

std::string describe_object(const store::ObjectRecord& record) {
    Json object = {{"bucket", record.name.bucket}};
    object.update(json_of(record));
    return text_of(object);
}

std::string describe_function(const store::FunctionRecord& record, const KnownOfFunctions& known) {
    return text_of(json_of(record, known.accounts.usage_of(record.name), known.quarantine.reason(record.version)));
}

Result<std::string> describe(const registry::Listing& listing, store::CatalogReader& catalog, const KnownOfFunctions& known) {
    switch (listing.kind) {
        case registry::ListingKind::buckets: return describe_buckets(listing, catalog);
        case registry::ListingKind::objects: return describe_objects(listing, catalog);
        case registry::ListingKind::functions: return describe_functions(catalog, known);
        case registry::ListingKind::function: {
            INLAY_TRY(auto record, get_function(listing.name, catalog));
            return describe_function(record, known);
        }
        case registry::ListingKind::log: return describe_log(listing, catalog, known.logs);
        case registry::ListingKind::function_metrics: return known.accounts.metrics() + known.accounts.edge_metrics();
        case registry::ListingKind::traces: return describe_traces(listing, known.traces);
        case registry::ListingKind::trace: return describe_trace(listing.name, known.traces);
    }
    return Error{Errc::bad_request, "unknown listing"};
}

}  // namespace inlay::control
