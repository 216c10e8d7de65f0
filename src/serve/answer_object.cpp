// Objects over HTTP: conditional GET with ranges.
#include <fmt/format.h>

#include "base/query.hpp"
#include "serve/answers.hpp"
#include "serve/byte_range.hpp"
#include "serve/etag.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
namespace {

// Of a linked file the server only hears that it is about to change, and for bytes read before that there is no proof.
EntityTag tag_of(const store::ObjectRecord& record) {
    return etag_of(record.version, record.linked() ? TagStrength::weak : TagStrength::strong);
}

void add_validators(Reply& reply, const store::ObjectRecord& record) {
    const auto etag = tag_of(record);
    const auto modified = http_date(static_cast<int64_t>(record.modified_ms / 1000));
    reply.add_field("ETag", etag.view());
    reply.add_field("Last-Modified", modified.view());
}

// RFC 9110, section 13.2.2: If-Match before If-None-Match, both before Range. 0: go on.
unsigned failed_condition(const RequestHead& head, std::string_view etag) {
    if (auto wanted = head.find("if-match"); wanted && !matches_strong(*wanted, etag)) return 412;
    if (auto known = head.find("if-none-match"); known && matches_weak(*known, etag)) return 304;
    return 0;
}

// A range counts only against the version it was meant for (If-Range, section 13.1.5; dates and weak tags tell nothing: whole).
ByteRange range_of(const RequestHead& head, const store::ObjectRecord& record) {
    auto range = head.find("range");
    if (!range || head.method != Method::get) return {};
    const auto etag = tag_of(record);
    if (auto meant = head.find("if-range"); meant && (record.linked() || *meant != etag.view())) return {};
    return parse_byte_range(*range, record.size_bytes);
}

Reply get(const RequestHead& head, std::shared_ptr<const registry::Object> object) {
    const auto& record = object->record;
    Reply reply;
    add_validators(reply, record);
    const auto etag = tag_of(record);
    unsigned failed = failed_condition(head, etag.view());
    if (failed == 412)
        return problem_reply({Errc::precondition_failed,
                              fmt::format("object {:?} is at version {}", record.name.path(), record.version)});
    if (failed == 304) {
        reply.status = 304;
        reply.content_length = record.size_bytes;
        return reply;
    }
    reply.add_field("Accept-Ranges", "bytes");
    auto range = range_of(head, record);
    if (range.kind == ByteRange::Kind::unsatisfiable) {
        auto problem = problem_reply({Errc::range_not_satisfiable,
                                      fmt::format("object {:?} has {} bytes", record.name.path(), record.size_bytes)});
        problem.add_field("Content-Range", fmt::format("bytes */{}", record.size_bytes));
        return problem;
    }
    uint64_t offset = 0, length = record.size_bytes;
    if (range.kind == ByteRange::Kind::part) {
        reply.status = 206;
        offset = range.first;
        length = range.length;
        reply.add_field("Content-Range",
                        fmt::format("bytes {}-{}/{}", range.first, range.first + range.length - 1, record.size_bytes));
    }
    reply.add_field("Content-Type", record.content_type);
    reply.content_length = length;
    if (length > 0) reply.content.push_back({{}, registry::pages_of(std::move(object)), offset, length});
    return reply;
}

bool asks_for_pages(const RequestHead& head) {
    if (head.method != Method::get || head.query.empty()) return false;
    auto asked = find_parameter(head.query, "pages");
    return asked.ok() && *asked == "1";
}

// {"version","linked","pages":{"in_memory_bytes","huge_bytes","hot"}}; "linked" is null of a file of our own; "hot": they are kept beside it.
asio::awaitable<Reply> describe_pages(Worker& worker, std::shared_ptr<const registry::Object> object) {
    const auto& record = object->record;
    auto pages = co_await worker.disk().survey_pages(registry::pages_of(object));
    if (!pages.ok()) co_return problem_reply(pages.error());
    std::string linked = record.linked() ? fmt::format("\"{}\"", json_escape(record.link_path)) : "null";
    co_return json_reply(200, fmt::format(R"({{"version":"{}","linked":{},"pages":{{"in_memory_bytes":{},"huge_bytes":{},"hot":{}}}}})", record.version,
                                          linked, pages->in_memory_bytes, pages->huge_bytes, object->pages.home() == os::Pages::Home::memory) + "\n");
}

}  // namespace

asio::awaitable<Reply> answer_object(Worker& worker, const ObjectRoute& route, const Arrival& arrival) {
    worker.counters().add(Counter::requests_object);
    if (is_write(Route(route), arrival.head)) co_return co_await write_object(worker, route, arrival);
    auto object = worker.tables().get_object(route.name);
    if (!object.ok()) co_return problem_reply(object.error());
    if (asks_for_pages(arrival.head)) co_return co_await describe_pages(worker, std::move(object).value());
    co_return get(arrival.head, std::move(object).value());
}

}  // namespace inlay::serve
