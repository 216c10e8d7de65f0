// Stores, fetches, lists, describes and removes objects.
#include "app/cli_objects.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <nlohmann/json.hpp>

#include "app/cli_encoding.hpp"
#include "app/cli_failure.hpp"
#include "app/cli_link.hpp"
#include "app/cli_progress.hpp"
#include "app/cli_quantity.hpp"
#include "base/errc.hpp"
#include "base/limits.hpp"
#include "base/names.hpp"

namespace inlay::cli {
namespace {

using nlohmann::ordered_json;

ObjectName object_name(const std::string& text) {
    auto name = parse_object_name(text);
    if (!name.ok()) throw wrong_use(name.error().detail, "Write it as BUCKET/KEY");
    return std::move(name).value();
}

std::string target_of(const ObjectName& name) { return object_target(name.bucket, name.key); }

// What HEAD answers has no body, so what a failed one means has to be said here.
Failure head_failure(const ResponseHead& head, const ObjectName& name) {
    auto failure = answered_failure(head.status, head.reason, "");
    if (head.status == traits(Errc::object_not_found).http_status) {
        failure.type = fmt::format("urn:inlay:problem:{}", traits(Errc::object_not_found).name);
        failure.title = traits(Errc::object_not_found).title;
    }
    failure.detail = fmt::format("object {}", name.path());
    return failure;
}

// All that the head of a GET or HEAD says about an object.
ordered_json described(const ObjectName& name, const ResponseHead& head) {
    return {{"bucket", name.bucket},
            {"key", name.key},
            {"bytes", head.content_length ? ordered_json(*head.content_length) : ordered_json()},
            {"version", etag_to_version(head.find("ETag"))},
            {"content_type", head.find("Content-Type")},
            {"modified", http_date_to_rfc3339(std::string(head.find("Last-Modified")))}};
}

// A listing that comes in pages.
struct PagedListing {
    std::string target;
    QueryPairs query;
    std::string opening;  // Of the JSON document, up to its items.
    const char* member;   // Of a page, that holds them.
    std::function<std::string(const ordered_json&)> line_of;
};

// Prints page by page, so that memory does not grow with the listing; the JSON document is put together by hand for it.
int print_pages(const Client& client, const PagedListing& listing) {
    StreamSink out(stdout);
    QueryPairs query = listing.query;
    query.emplace_back("limit", std::to_string(kListKeysMax));
    std::string_view separator;
    for (bool first = true;; first = false) {
        auto page = client.ask({"GET", listing.target + query_string(query)});
        if (client.json() && first) out.write(listing.opening);
        for (const auto& one : page.at(listing.member)) {
            if (client.json()) {
                out.write(separator);
                out.write(one.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
                separator = ",";
            } else {
                out.write(printable(listing.line_of(one)));
            }
        }
        auto next = page.find("next");
        if (next == page.end() || next->is_null()) break;
        if (!first) query.pop_back();
        query.emplace_back("after", next->get<std::string>());
    }
    if (client.json()) out.write("]}\n");
    out.finish();
    return kExitDone;
}

}  // namespace

std::string etag_to_version(std::string_view etag) {
    if (etag.substr(0, 2) == "W/") etag.remove_prefix(2);
    bool quoted = etag.size() >= 2 && etag.front() == '"' && etag.back() == '"';
    return std::string(quoted ? etag.substr(1, etag.size() - 2) : etag);
}

ObjectCommands::ObjectCommands(CommandLine& line) {
    auto& putting = line.add("put", "Store a file as an object", [this](const Client& client) { return put(client); });
    putting.add_option("OBJECT", object_, "BUCKET/KEY; the bucket comes into being with it")->required();
    putting.add_option("FILE", file_, "The file, or - for standard input")->required();
    putting.add_option("--content-type", content_type_, "Its media type, as text/plain");
    auto* linking = putting.add_flag("--link", link_, "Use the file where it lies; the server must be on this machine and allow it");
    putting.add_option("--data", data_directory_, "With --link: the server's data directory (default inlay-data)")->needs(linking);

    auto& getting = line.add("get", "Fetch an object", [this](const Client& client) { return get(client); });
    getting.add_option("OBJECT", object_, "BUCKET/KEY")->required();
    getting.add_option("-o,--output", file_, "The file to write instead of standard output");

    auto& listing = line.add("ls", "List buckets, or the keys of one", [this](const Client& client) { return list(client); });
    listing.add_option("BUCKET", object_, "BUCKET or BUCKET/PREFIX; without it the buckets are listed");

    auto& describing = line.add("stat", "Describe an object", [this](const Client& client) { return stat(client); });
    describing.add_option("OBJECT", object_, "BUCKET/KEY")->required();

    auto& removing = line.add("rm", "Remove an object", [this](const Client& client) { return remove(client); });
    removing.add_option("OBJECT", object_, "BUCKET/KEY")->required();
}

int ObjectCommands::put(const Client& client) const {
    auto name = object_name(object_);
    if (!is_field_value(content_type_)) throw wrong_use("--content-type: control bytes are not allowed", "Write it as text/plain");
    if (link_) return link(client, name);
    FileSource file(file_);
    ShownSource body(file, "put " + name.path());
    Fields fields;
    if (!content_type_.empty()) fields.emplace_back("Content-Type", content_type_);
    auto stored = client.ask({"PUT", target_of(name), fields, &body});
    if (client.json()) {
        print_json(stored);
    } else {
        print_line(printable(fmt::format("stored {} ({} bytes, version {})", name.path(),
                                         format_count(stored.at("bytes").get<uint64_t>()), member_text(stored, "version"))));
    }
    return kExitDone;
}

int ObjectCommands::link(const Client& client, const ObjectName& name) const {
    auto linked = link_file(name, {file_, data_directory_, content_type_});
    if (client.json()) {
        print_json(linked);
    } else {
        print_line(printable(fmt::format("linked {} to {} ({} bytes, version {})", name.path(), member_text(linked, "linked"),
                                         format_count(linked.at("bytes").get<uint64_t>()), member_text(linked, "version"))));
    }
    return kExitDone;
}

int ObjectCommands::get(const Client& client) const {
    auto name = object_name(object_);
    if (file_.empty() || file_ == "-") {
        StreamSink out(stdout);
        ShownSink shown(out, "get " + name.path());
        client.send({"GET", target_of(name)}, shown);
        out.finish();
        return kExitDone;
    }
    FileSink out(file_);
    ResponseHead head;
    {
        ShownSink shown(out, "get " + name.path());
        head = client.send({"GET", target_of(name)}, shown);
    }
    out.finish();
    if (client.json()) {
        auto document = described(name, head);
        document["file"] = file_;
        print_json(document);
    }
    return kExitDone;
}

int ObjectCommands::list(const Client& client) const {
    if (object_.empty()) return list_buckets(client);
    size_t slash = object_.find('/');
    auto bucket = object_.substr(0, slash);
    auto checked = check_name("bucket", bucket);
    if (!checked.ok()) throw wrong_use(checked.error().detail, "Write it as BUCKET or BUCKET/PREFIX");
    return list_keys(client, bucket, slash == object_.npos ? "" : object_.substr(slash + 1));
}

int ObjectCommands::list_buckets(const Client& client) const {
    auto line_of = [](const ordered_json& bucket) { return bucket.at("name").get<std::string>() + "\n"; };
    return print_pages(client, {"/o", {}, "{\"buckets\":[", "buckets", line_of});
}

int ObjectCommands::list_keys(const Client& client, const std::string& bucket, const std::string& prefix) const {
    auto line_of = [](const ordered_json& object) {
        auto path = object.value("linked", "");
        return fmt::format("{:>15}  {:24}  {}{}\n", format_count(object.at("bytes").get<uint64_t>()), object.value("modified", ""),
                           object.at("key").get<std::string>(), path.empty() ? "" : " -> " + path);
    };
    return print_pages(client, {"/o/" + percent_encode(bucket), {{"prefix", prefix}},
                               fmt::format("{{\"bucket\":{},\"objects\":[", ordered_json(bucket).dump()), "objects", line_of});
}

int ObjectCommands::stat(const Client& client) const {
    auto name = object_name(object_);
    TextSink nothing(0);
    auto head = client.send_any({"HEAD", target_of(name)}, [&](const ResponseHead&) -> ContentSink& { return nothing; });
    if (!head.successful()) throw head_failure(head, name);
    auto object = described(name, head);
    object.update(client.ask({"GET", target_of(name) + "?pages=1"}));
    if (client.json()) {
        print_json(object);
        return kExitDone;
    }
    auto print_member = [](std::string_view title, const std::string& text) { print_line(printable(fmt::format("{:13} {}", title, text))); };
    for (const char* member : {"bucket", "key", "bytes", "version", "content_type", "modified"})
        print_member(member == std::string_view("content_type") ? "content type:" : fmt::format("{}:", member), member_text(object, member));
    print_member("file:", object.at("linked").is_null() ? "the server's own" : "linked, " + member_text(object, "linked"));
    const auto& pages = object.at("pages");
    print_member("in memory:", fmt::format("{} bytes, {} of them in huge pages{}", format_count(pages.at("in_memory_bytes").get<uint64_t>()),
                                           format_count(pages.at("huge_bytes").get<uint64_t>()),
                                           pages.at("hot").get<bool>() ? "; hot: kept beside the file" : ""));
    return kExitDone;
}

int ObjectCommands::remove(const Client& client) const {
    auto name = object_name(object_);
    client.ask({"DELETE", target_of(name)});
    if (client.json()) {
        print_json({{"bucket", name.bucket}, {"key", name.key}, {"removed", true}});
    } else {
        print_line(printable("removed " + name.path()));
    }
    return kExitDone;
}

}  // namespace inlay::cli
