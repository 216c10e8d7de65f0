// PUT and DELETE of objects, with preconditions; a PUT may go through a function.
#include <fmt/format.h>

#include <algorithm>

#include "base/field_rules.hpp"
#include "base/limits.hpp"
#include "base/query.hpp"
#include "serve/answers.hpp"
#include "serve/commit.hpp"
#include "serve/etag.hpp"
#include "serve/invoke.hpp"
#include "serve/tracing.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
namespace {

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
    if (arrival.begun) {
        effect.kind = registry::ContentKind::begun;
        effect.begun = arrival.begun;
    } else if (arrival.body.pages) {
        effect.kind = registry::ContentKind::pages;
        effect.fd = arrival.body.pages->fd();
    } else {
        effect.inline_bytes = arrival.body.inline_bytes;  // COPY: small, into the message to the supervisor
    }
    return effect;
}

// What a PUT's reply says: which version of the object there is now.
Reply reply_of(const registry::Effect& effect, const registry::CommitAnswer::One& stored) {
    auto reply = json_reply(stored.created ? 201 : 200,
                            fmt::format(R"({{"bucket":"{}","key":"{}","version":"{}","bytes":{}}})", effect.name.bucket,
                                        json_escape(effect.name.key), stored.version, effect.length) + "\n");
    const auto etag = etag_of(stored.version);
    reply.add_field("ETag", etag.view());
    return reply;
}

// What takes place when a function has taken the content: what it published, or else the content itself.
void stage_content(run::Completed& completed, registry::Effect content, const Arrival& arrival) {
    auto& effects = completed.effects;
    // The request's conditions are about the object that it names.
    for (auto& staged : effects)
        if (staged.effect.name == content.name) staged.effect.precondition = content.precondition;
    if (effects.empty()) effects.push_back({std::move(content), arrival.body.pages});
}

// What a client is told of content that a function did not take.
Error refusal_of(std::string_view function, const run::Outcome& outcome) {
    auto error = error_of(function, outcome);
    bool by_function = error.code == Errc::function_failed || error.code == Errc::function_trapped || error.code == Errc::input_is_read_only;
    if (by_function) error.code = Errc::content_refused;
    return error;
}

// Of several effects it tells of the one that the request names, else of the first.
Reply reply_of(const run::Completed& completed, const registry::CommitAnswer& committed, const ObjectName& name) {
    const auto& effects = completed.effects;
    auto named = std::find_if(effects.begin(), effects.end(), [&](const auto& staged) { return staged.effect.name == name; });
    size_t told = named == effects.end() ? 0 : static_cast<size_t>(named - effects.begin());
    return reply_of(effects[told].effect, committed.effects[told]);
}

asio::awaitable<Reply> write_through(Worker& worker, const ObjectRoute& route, registry::Effect content, const Arrival& arrival) {
    Attempts attempts(worker, "", arrival);
    auto begun = attempts.begin(arrival.through);
    if (!begun.ok()) co_return problem_reply(begun.error());
    if (attempts.unfinished()) co_await attempts.go_on();
    auto& outcome = attempts.outcome;
    registry::CommitAnswer committed;
    if (auto* taken = std::get_if<run::Completed>(&outcome.how)) {
        stage_content(*taken, std::move(content), arrival);
        committed = co_await commit_staged(worker, outcome);
    }
    attempts.close_span();
    count(worker.counters(), outcome);
    auto* completed = std::get_if<run::Completed>(&outcome.how);
    Reply reply = completed ? reply_of(*completed, committed, route.name) : problem_reply(refusal_of(arrival.through, outcome));
    if (wants_cost(arrival.head)) reply.add_field(kCostField, cost_text(outcome.cost));
    end_trace(worker, attempts.terms(), outcome, &reply);
    co_return reply;
}

}  // namespace

Result<std::string> through_of(const Route& route, const RequestHead& head) {
    if (!std::holds_alternative<ObjectRoute>(route) || head.method != Method::put || head.query.empty()) return std::string();
    INLAY_TRY(auto name, find_parameter(head.query, "through"));
    return name.value_or("");
}

asio::awaitable<Reply> write_object(Worker& worker, const ObjectRoute& route, const Arrival& arrival) {
    auto effect = effect_of(route, arrival);
    if (!effect.ok()) co_return problem_reply(effect.error());
    if (!arrival.through.empty()) co_return co_await write_through(worker, route, std::move(effect).value(), arrival);
    std::vector<registry::Effect> effects;
    effects.push_back(std::move(effect).value());
    const auto& written = effects.front();
    auto committed = co_await commit(worker, effects);
    if (!committed.ok()) co_return problem_reply(committed.error());
    if (written.is_delete) co_return Reply{.status = 204};
    bool in_pages = written.kind != registry::ContentKind::inline_bytes;
    worker.counters().add(in_pages ? Counter::copied_bytes_fallback : Counter::copied_bytes_small,
                          in_pages ? committed->copied_bytes : written.length);
    worker.counters().add(Counter::copied_bytes_body_head, arrival.body.copied);
    co_return reply_of(written, committed->effects.front());
}

}  // namespace inlay::serve
