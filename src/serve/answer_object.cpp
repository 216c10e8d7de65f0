// Objects over HTTP: conditional GET with ranges, PUT and DELETE with preconditions.
#include <fmt/format.h>

#include <algorithm>

#include "base/field_rules.hpp"
#include "base/limits.hpp"
#include "serve/answers.hpp"
#include "serve/byte_range.hpp"
#include "serve/etag.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
namespace {

void add_validators(Reply& reply, const store::ObjectRecord& record) {
    const auto etag = etag_of(record.version);
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

// A range counts only against the version it was meant for (If-Range, section 13.1.5; dates are not compared: whole).
ByteRange range_of(const RequestHead& head, const store::ObjectRecord& record) {
    auto range = head.find("range");
    if (!range || head.method != Method::get) return {};
    const auto etag = etag_of(record.version);
    if (auto meant = head.find("if-range"); meant && *meant != etag.view()) return {};
    return parse_byte_range(*range, record.size_bytes);
}

Reply get(const RequestHead& head, std::shared_ptr<const registry::Object> object) {
    const auto& record = object->record;
    Reply reply;
    add_validators(reply, record);
    const auto etag = etag_of(record.version);
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

size_t count_fields(const RequestHead& head, std::string_view name) {
    return static_cast<size_t>(std::count_if(head.fields.begin(), head.fields.end(), [&](const HeadField& field) {
        return equal_ignoring_case(field.name, name);
    }));
}

// If-Match and If-None-Match of a write. Only what can be decided in one step with the write is taken.
Result<store::Precondition> precondition_of(const RequestHead& head) {
    store::Precondition precondition;
    if (count_fields(head, "if-match") > 1 || count_fields(head, "if-none-match") > 1)
        return Error{Errc::bad_request, "If-Match and If-None-Match of a write come once each"};
    if (auto none = head.find("if-none-match")) {
        if (trim_blanks(*none) != "*")
            return Error{Errc::bad_request, "If-None-Match of a write can only be *: create, do not replace"};
        precondition.must_be_absent = true;
    }
    auto match = head.find("if-match");
    if (!match) return precondition;
    auto wanted = trim_blanks(*match);
    if (wanted == "*") {
        precondition.must_exist = true;
    } else {
        if (wanted.size() < 2 || wanted.front() != '"' || wanted.back() != '"' || wanted.find(',') != wanted.npos)
            return Error{Errc::bad_request, "If-Match of a write takes * or one strong ETag in quotes"};
        precondition.must_match_version = wanted.substr(1, wanted.size() - 2);
        // No version is empty: an empty tag matches nothing, and is not the absence of a condition.
        if (precondition.must_match_version.empty()) precondition.must_match_version = "none";
    }
    return precondition;
}

Result<registry::Effect> effect_of(const ObjectRoute& route, const Arrival& arrival) {
    registry::Effect effect;
    effect.name = route.name;
    effect.is_delete = arrival.head.method == Method::delete_;
    INLAY_TRY(effect.precondition, precondition_of(arrival.head));
    if (arrival.head.find("content-range"))
        return Error{Errc::bad_request, "Content-Range: a PUT stores a whole object (RFC 9110, section 14.5)"};
    effect.content_type = arrival.head.find("content-type").value_or("");
    if (effect.content_type.empty()) effect.content_type = "application/octet-stream";
    if (effect.content_type.size() > kContentTypeBytesMax)
        return Error{Errc::bad_request, fmt::format("Content-Type has more than {} bytes", kContentTypeBytesMax)};
    effect.length = arrival.body.size;
    if (arrival.body.pages) {
        effect.kind = registry::ContentKind::pages;
        effect.fd = arrival.body.pages->fd();
    } else {
        effect.inline_bytes = arrival.body.inline_bytes;  // COPY: small, into the message to the supervisor
    }
    return effect;
}

asio::awaitable<Reply> write(Worker& worker, const ObjectRoute& route, const Arrival& arrival) {
    auto effect = effect_of(route, arrival);
    if (!effect.ok()) co_return problem_reply(effect.error());
    WireWriter fields;
    std::vector<int> fds;
    registry::write(fields, std::vector<registry::Effect>{*effect}, fds);
    auto answered = co_await worker.call(registry::Call::commit, fields.take(), std::move(fds));
    if (!answered.ok()) co_return problem_reply(answered.error());
    if (effect->is_delete) co_return Reply{.status = 204};

    WireReader reader(answered->fields);
    registry::CommitAnswer answer;
    registry::read(reader, answer);
    if (!reader.finished() || answer.effects.size() != 1)
        co_return problem_reply({Errc::internal, "the supervisor's answer to a store is damaged"});
    const auto& stored = answer.effects.front();
    if (effect->kind == registry::ContentKind::inline_bytes)
        worker.counters().add(Counter::copied_bytes_small, effect->length);
    worker.counters().add(Counter::copied_bytes_body_head, arrival.body.copied);
    if (answer.copied_bytes > 0 && effect->kind == registry::ContentKind::pages)
        worker.counters().add(Counter::copied_bytes_fallback, answer.copied_bytes);
    auto reply = json_reply(stored.created ? 201 : 200,
                            fmt::format(R"({{"bucket":"{}","key":"{}","version":"{}","bytes":{}}})", route.name.bucket,
                                        json_escape(route.name.key), stored.version, effect->length) + "\n");
    const auto etag = etag_of(stored.version);
    reply.add_field("ETag", etag.view());
    co_return reply;
}

}  // namespace

asio::awaitable<Reply> answer_object(Worker& worker, const ObjectRoute& route, const Arrival& arrival) {
    worker.counters().add(Counter::requests_object);
    if (is_write(Route(route), arrival.head)) co_return co_await write(worker, route, arrival);
    auto object = worker.tables().get_object(route.name);
    if (!object.ok()) co_return problem_reply(object.error());
    co_return get(arrival.head, std::move(object).value());
}

}  // namespace inlay::serve
