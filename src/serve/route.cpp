// Paths to routes.
#include "serve/route.hpp"

#include <fmt/format.h>

#include <optional>

#include "base/query.hpp"

namespace inlay::serve {
namespace {

// What follows `prefix` in `path`, if it begins so.
std::optional<std::string_view> after(std::string_view path, std::string_view prefix) {
    if (!path.starts_with(prefix)) return std::nullopt;
    return path.substr(prefix.size());
}

Result<Route> invoke_route(std::string_view tail) {
    std::string_view function = tail.substr(0, tail.find('/'));
    INLAY_TRY_VOID(check_name("function", function));
    return Route(InvokeRoute{function, tail.substr(function.size())});
}

Result<Route> object_route(std::string_view tail) {
    size_t slash = tail.find('/');
    INLAY_TRY(auto bucket, percent_decode(tail.substr(0, slash), Plus::literal));
    INLAY_TRY_VOID(check_name("bucket", bucket));
    if (slash == tail.npos || slash + 1 == tail.size()) return Route(BucketRoute{std::move(bucket)});
    INLAY_TRY(auto key, percent_decode(tail.substr(slash + 1), Plus::literal));
    INLAY_TRY_VOID(check_key(key));
    return Route(ObjectRoute{{std::move(bucket), std::move(key)}});
}

Result<Route> function_route(std::string_view tail) {
    std::string_view name = tail.substr(0, tail.find('/'));
    std::string_view rest = tail.substr(name.size());
    INLAY_TRY_VOID(check_name("function", name));
    if (rest.empty()) return Route(FunctionRoute{std::string(name)});
    if (rest == "/logs") return Route(FunctionLogRoute{std::string(name)});
    if (rest == "/pipeline") return Route(PipelineRoute{std::string(name)});
    return Error{Errc::not_found, fmt::format("a function has no {:?}: see /v1/functions/NAME, .../logs and .../pipeline", rest)};
}

Result<Route> trace_route(std::string_view id) {
    constexpr size_t kDigits = 32;
    if (id.size() != kDigits || id.find_first_not_of("0123456789abcdef") != id.npos)
        return Error{Errc::bad_request, "the id of a trace has 32 hex digits, as in the second part of a traceparent"};
    return Route(TraceRoute{std::string(id)});
}

}  // namespace

Result<Route> route_of(std::string_view path) {
    if (auto tail = after(path, "/f/")) return invoke_route(*tail);
    if (path == "/o" || path == "/o/") return Route(BucketsRoute{});
    if (auto tail = after(path, "/o/")) return object_route(*tail);
    if (path == "/v1/functions" || path == "/v1/functions/") return Route(FunctionsRoute{});
    if (auto tail = after(path, "/v1/functions/")) return function_route(*tail);
    if (path == "/v1/traces" || path == "/v1/traces/") return Route(TracesRoute{});
    if (auto tail = after(path, "/v1/traces/")) return trace_route(*tail);
    if (path == "/healthz") return Route(StatusRoute::health);
    if (path == "/readyz") return Route(StatusRoute::ready);
    if (path == "/metrics") return Route(StatusRoute::metrics);
    return Error{Errc::not_found, fmt::format("path {:?}: functions are under /f/NAME, objects under /o/BUCKET/KEY, "
                                              "deployments under /v1/functions",
                                              path.substr(0, 255))};
}

}  // namespace inlay::serve
