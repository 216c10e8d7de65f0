// Route: what a request's path asks for.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/names.hpp"
#include "base/result.hpp"

namespace inlay::serve {

struct InvokeRoute {
    std::string_view function;  // As in the path: the alphabet of names needs no escapes.
    std::string_view rest;      // Empty, or begins with "/".
};
struct ObjectRoute {
    ObjectName name;
};
struct BucketRoute {
    std::string bucket;
};
struct BucketsRoute {};
struct FunctionRoute {
    std::string name;
};
struct FunctionLogRoute {
    std::string name;
};
// The text of a pipeline.
struct PipelineRoute {
    std::string name;
};
struct FunctionsRoute {};
struct TraceRoute {
    std::string id;
};
struct TracesRoute {};
enum class StatusRoute { health, ready, metrics };

using Route =
    std::variant<InvokeRoute, ObjectRoute, BucketRoute, BucketsRoute, FunctionRoute, FunctionLogRoute, PipelineRoute, FunctionsRoute, TraceRoute, TracesRoute,
                 StatusRoute>;

// `path` begins with "/" and is still percent-encoded. Errors: not_found, bad_name, bad_request.
// Valid until: `path` ends (InvokeRoute holds views).
Result<Route> route_of(std::string_view path);

}  // namespace inlay::serve
