// Listings, deployments, logs, health and metrics.
#include <fmt/format.h>

#include <algorithm>

#include "base/limits.hpp"
#include "base/query.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"
#include "registry/plan.hpp"
#include "serve/answers.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
namespace {

constexpr uint64_t kJsonBytesMax = 256 * MiB;

// A text comes in the message or, when large, as a memfd.
asio::awaitable<Result<std::string>> text_from_supervisor(Worker& worker, registry::Call which, std::string fields, std::vector<int> fds) {
    auto answered = co_await worker.call(which, std::move(fields), std::move(fds));
    if (!answered.ok()) co_return std::move(answered).error();
    if (!answered->fds.empty()) co_return os::read_all(answered->fds.front().get(), kJsonBytesMax);
    co_return std::string(WireReader(answered->fields).bytes());
}

asio::awaitable<Reply> json_from_supervisor(Worker& worker, registry::Call which, std::string fields, std::vector<int> fds) {
    auto json = co_await text_from_supervisor(worker, which, std::move(fields), std::move(fds));
    co_return json.ok() ? json_reply(200, std::move(json).value()) : problem_reply(json.error());
}

registry::Listing listing_of(registry::ListingKind kind, std::string name = {}) {
    registry::Listing listing;
    listing.kind = kind;
    listing.name = std::move(name);
    return listing;
}

asio::awaitable<Reply> list(Worker& worker, registry::Listing listing) {
    WireWriter fields;
    registry::write(fields, listing);
    co_return co_await json_from_supervisor(worker, registry::Call::describe, fields.take(), std::vector<int>());
}

// A number given as a query parameter, within bounds, else its default.
Result<uint64_t> number_parameter(std::string_view query, std::string_view name, uint64_t fallback, uint64_t max) {
    INLAY_TRY(auto text, find_parameter(query, name));
    if (!text) return fallback;
    auto number = parse_u64(*text);
    if (!number || *number == 0 || *number > max)
        return Error{Errc::bad_request, fmt::format("parameter {}={:?}: give a number from 1 to {}", name, *text, max)};
    return *number;
}

Result<std::string> text_parameter(std::string_view query, std::string_view name) {
    INLAY_TRY(auto text, find_parameter(query, name));
    return text.value_or("");
}

Result<registry::Listing> paged(registry::Listing listing, std::string_view query) {
    INLAY_TRY(listing.after, text_parameter(query, "after"));
    INLAY_TRY(listing.limit, number_parameter(query, "limit", kListKeysMax, kListKeysMax));
    return listing;
}

Result<registry::Listing> bucket_listing(const BucketRoute& route, std::string_view query) {
    auto listing = listing_of(registry::ListingKind::objects, route.bucket);
    INLAY_TRY(listing.prefix, text_parameter(query, "prefix"));
    return paged(std::move(listing), query);
}

Result<registry::Listing> log_listing(const FunctionLogRoute& route, std::string_view query) {
    auto listing = listing_of(registry::ListingKind::log, route.name);
    INLAY_TRY(listing.after, text_parameter(query, "after"));
    if (!listing.after.empty() && !parse_u64(listing.after))
        return Error{Errc::bad_request, "parameter after: give the number of a line"};
    return listing;
}

// All parameters env=KEY=VALUE, as the catalog keeps them.
Result<std::string> environment_of(std::string_view query) {
    std::string environment;
    for (std::string_view rest = query; !rest.empty();) {
        std::string_view one = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(rest.size(), one.size() + 1));
        if (!one.starts_with("env=")) continue;
        INLAY_TRY(auto pair, percent_decode(one.substr(4), Plus::space));
        size_t equals = pair.find('=');
        if (equals == 0 || equals == pair.npos || pair.find('\0') != pair.npos)
            return Error{Errc::bad_request, fmt::format("parameter env={:?}: write KEY=VALUE", pair)};
        environment.append(pair).push_back('\0');
    }
    if (environment.size() > kEnvBytesMax)
        return Error{Errc::bad_request, fmt::format("the environment has more than {} bytes", kEnvBytesMax)};
    return environment;
}

// All parameters dir=PATH=BUCKET or dir=PATH=BUCKET:w, as the catalog keeps them.
Result<std::string> directories_of(std::string_view query) {
    std::string directories;
    size_t count = 0;
    for (std::string_view rest = query; !rest.empty();) {
        std::string_view one = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(rest.size(), one.size() + 1));
        if (!one.starts_with("dir=")) continue;
        INLAY_TRY(auto pair, percent_decode(one.substr(4), Plus::space));
        const size_t equals = pair.rfind('=');
        auto bucket = std::string_view(pair).substr(equals == pair.npos ? 0 : equals + 1);
        if (bucket.ends_with(":w")) bucket.remove_suffix(2);
        if (equals == 0 || equals == pair.npos || pair.find('\0') != pair.npos || !check_name("bucket", bucket).ok())
            return Error{Errc::bad_request, fmt::format("parameter dir={:?}: write PATH=BUCKET, or PATH=BUCKET:w to write there, too", pair)};
        directories.append(pair).push_back('\0');
        count++;
    }
    if (count > kDirectoriesMax || directories.size() > kEnvBytesMax)
        return Error{Errc::bad_request, fmt::format("more than {} directories, or {} bytes of them", kDirectoriesMax, kEnvBytesMax)};
    return directories;
}

Result<FunctionClass> class_parameter(std::string_view query) {
    INLAY_TRY(auto text, find_parameter(query, "class"));
    if (!text) return FunctionClass::automatic;
    auto run_class = parse_function_class(*text);
    if (!run_class) return Error{Errc::bad_request, fmt::format("parameter class={:?}: give auto, express or heavy, or pipeline", *text)};
    return *run_class;
}

Result<bool> flag_parameter(std::string_view query, std::string_view name) {
    INLAY_TRY(auto text, text_parameter(query, name));
    const std::string_view said = text;
    if (said.empty() || said == "0") return false;
    if (said == "1") return true;
    return Error{Errc::bad_request, fmt::format("parameter {}={:?}: give 1 or 0", name, text)};
}

Result<store::FunctionRecord> deployment_of(const FunctionRoute& route, std::string_view query, uint64_t function_memory) {
    store::FunctionRecord record;
    record.name = route.name;
    record.limits.memory_bytes = function_memory;
    for (const auto& row : kFunctionLimits) {
        auto& limit = record.limits.*row.value;
        INLAY_TRY(limit, number_parameter(query, row.name, limit, row.max));
    }
    INLAY_TRY(record.env, environment_of(query));
    INLAY_TRY(record.run_class, class_parameter(query));
    INLAY_TRY(record.isolated, flag_parameter(query, "isolate"));
    INLAY_TRY(record.warm, flag_parameter(query, "warm"));
    INLAY_TRY(record.directories, directories_of(query));
    return record;
}

Result<std::string> text_of(const run::Body& body) {
    if (!body.pages) return std::string(body.inline_bytes);  // COPY: small, a plan, once per deploy
    std::string text(body.size, '\0');
    INLAY_TRY_VOID(os::read_exactly_at(body.pages->fd(), text.data(), text.size(), 0));
    return text;
}

// A plan is read here, where there is nothing to be won: the supervisor stores what it does not look at. Errors: bad_request.
Result<> check_plan(Worker& worker, const store::FunctionRecord& record, const run::Body& body) {
    if (record.isolated || record.warm || !record.env.empty() || !record.directories.empty())
        return Error{Errc::bad_request, "a pipeline has no isolate, warm, dir or env: give these to the functions of its steps"};
    if (body.size > kPlanBytesMax) return Error{Errc::body_too_large, fmt::format("a pipeline has at most {} bytes", kPlanBytesMax)};
    INLAY_TRY(auto text, text_of(body));
    INLAY_TRY(auto plan, registry::Plan::parse(text));
    for (const auto& step : plan.steps) {
        auto function = worker.tables().get_function(step.function);
        if (!function.ok() && function.error().code == Errc::function_not_found)
            return registry::wrong_plan(step.line, fmt::format("step {:?}: {}", step.name, function.error().detail));
        if (!function.ok()) return std::move(function).error();
        if ((*function)->plan) return registry::wrong_plan(step.line, fmt::format("step {:?}: {:?} is a pipeline itself: steps are functions", step.name, step.function));
    }
    return {};
}

asio::awaitable<Reply> deploy(Worker& worker, const FunctionRoute& route, const Arrival& arrival) {
    auto record = deployment_of(route, arrival.head.query, worker.settings().function_memory);
    if (!record.ok()) co_return problem_reply(record.error());
    if (record->is_pipeline()) {
        if (auto checked = check_plan(worker, *record, arrival.body); !checked.ok()) co_return problem_reply(checked.error());
    }
    if (arrival.body.size > kModuleBytesMax)
        co_return problem_reply({Errc::body_too_large, fmt::format("a module has at most {} bytes", kModuleBytesMax)});
    record->module_bytes = arrival.body.size;
    os::Fd small;
    if (!arrival.body.pages) {
        auto made = os::create_memfd_of("inlay-module", arrival.body.inline_bytes);
        if (!made.ok()) co_return problem_reply(made.error());
        small = std::move(made).value();
    }
    WireWriter fields;
    registry::write(fields, *record);
    std::vector<int> fds(1, arrival.body.pages ? arrival.body.pages->fd() : small.get());
    co_return co_await json_from_supervisor(worker, registry::Call::deploy, fields.take(), std::move(fds));
}

asio::awaitable<Reply> answer_function(Worker& worker, const FunctionRoute& route, const Arrival& arrival) {
    switch (arrival.head.method) {
        case Method::put: co_return co_await deploy(worker, route, arrival);
        case Method::delete_: {
            auto answered =
                co_await worker.call(registry::Call::remove_function, WireWriter().bytes(route.name).take(), std::vector<int>());
            if (!answered.ok()) co_return problem_reply(answered.error());
            co_return Reply{.status = 204};
        }
        default: co_return co_await list(worker, listing_of(registry::ListingKind::function, route.name));
    }
}

Reply pipeline_text(Worker& worker, const std::string& name) {
    auto function = worker.tables().get_function(name);
    if (!function.ok()) return problem_reply(function.error());
    if (!(*function)->plan) return problem_reply({Errc::not_found, fmt::format("{:?} is a function, and no pipeline", name)});
    return make_reply(200, "application/toml", (*function)->plan->text);
}

// Those of single functions the supervisor adds up: it knows their names.
asio::awaitable<Reply> answer_metrics(Worker& worker) {
    std::string text = format_metrics(worker.shared().state().counters);
    WireWriter fields;
    registry::write(fields, listing_of(registry::ListingKind::function_metrics));
    auto of_functions = co_await text_from_supervisor(worker, registry::Call::describe, fields.take(), std::vector<int>());
    if (of_functions.ok()) text += *of_functions;
    co_return make_reply(200, "text/plain; version=0.0.4", std::move(text));
}

asio::awaitable<Reply> answer_status(Worker& worker, StatusRoute route) {
    switch (route) {
        case StatusRoute::health: co_return make_reply(200, "text/plain", "ok\n");
        case StatusRoute::ready:
            if (worker.draining() || worker.supervisor_is_gone())
                co_return problem_reply({Errc::draining, "this server is shutting down"});
            co_return make_reply(200, "text/plain", "ready\n");
        case StatusRoute::metrics:
            co_return co_await answer_metrics(worker);
    }
    co_return problem_reply({Errc::internal, "no such status"});
}

asio::awaitable<Reply> ready(Reply reply) { co_return reply; }

asio::awaitable<Reply> list_or_refuse(Worker& worker, Result<registry::Listing> listing) {
    if (!listing.ok()) co_return problem_reply(listing.error());
    co_return co_await list(worker, std::move(listing).value());
}

}  // namespace

asio::awaitable<Reply> answer_control(Worker& worker, const Route& route, const Arrival& arrival) {
    worker.counters().add(Counter::requests_control);
    std::string_view query = arrival.head.query;
    if (auto* status = std::get_if<StatusRoute>(&route)) return answer_status(worker, *status);
    if (auto* function = std::get_if<FunctionRoute>(&route)) return answer_function(worker, *function, arrival);
    if (auto* bucket = std::get_if<BucketRoute>(&route))
        return list_or_refuse(worker, bucket_listing(*bucket, query));
    if (auto* log = std::get_if<FunctionLogRoute>(&route)) return list_or_refuse(worker, log_listing(*log, query));
    if (auto* trace = std::get_if<TraceRoute>(&route)) return list(worker, listing_of(registry::ListingKind::trace, trace->id));
    if (auto* pipeline = std::get_if<PipelineRoute>(&route)) return ready(pipeline_text(worker, pipeline->name));
    if (std::holds_alternative<TracesRoute>(route))
        return list_or_refuse(worker, paged(listing_of(registry::ListingKind::traces), query));
    if (std::holds_alternative<BucketsRoute>(route))
        return list_or_refuse(worker, paged(listing_of(registry::ListingKind::buckets), query));
    return list(worker, listing_of(registry::ListingKind::functions));
}

}  // namespace inlay::serve
