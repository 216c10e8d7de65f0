// Routes: what each path asks for.
#include "serve/route.hpp"

#include <gtest/gtest.h>

namespace inlay::serve {
namespace {

// The route in a few words; the code's name if there is none.
struct Words {
    std::string operator()(const InvokeRoute& route) const { return "invoke " + std::string(route.function) + " [" + std::string(route.rest) + "]"; }
    std::string operator()(const ObjectRoute& route) const { return "object " + route.name.bucket + " [" + route.name.key + "]"; }
    std::string operator()(const BucketRoute& route) const { return "bucket " + route.bucket; }
    std::string operator()(const BucketsRoute&) const { return "buckets"; }
    std::string operator()(const FunctionRoute& route) const { return "function " + route.name; }
    std::string operator()(const FunctionLogRoute& route) const { return "log of " + route.name; }
    std::string operator()(const PipelineRoute& route) const { return "pipeline of " + route.name; }
    std::string operator()(const FunctionsRoute&) const { return "functions"; }
    std::string operator()(const TraceRoute& route) const { return "trace " + route.id; }
    std::string operator()(const TracesRoute&) const { return "traces"; }
    std::string operator()(StatusRoute route) const {
        return route == StatusRoute::health ? "health" : route == StatusRoute::ready ? "ready" : "metrics";
    }
};

std::string route(std::string_view path) {
    auto found = route_of(path);
    return found.ok() ? std::visit(Words{}, *found) : std::string(traits(found.error().code).name);
}

struct Case {
    const char* path;
    const char* route;
};

TEST(Route, EachPathHasOne) {
    const Case cases[] = {
        {"/f/name", "invoke name []"},
        {"/f/name/", "invoke name [/]"},
        {"/f/name/a%20b/../c", "invoke name [/a%20b/../c]"},
        {"/f/a.b_c-9", "invoke a.b_c-9 []"},
        {"/o", "buckets"},
        {"/o/", "buckets"},
        {"/o/bucket", "bucket bucket"},
        {"/o/bucket/", "bucket bucket"},
        {"/o/bucket/key", "object bucket [key]"},
        {"/o/bucket/a/b/", "object bucket [a/b/]"},
        {"/o/bucket/a%2Fb", "object bucket [a/b]"},
        {"/o/bucket/a+b%20c%C3%A9", "object bucket [a+b c\xc3\xa9]"},
        {"/o/b%75cket/key", "object bucket [key]"},
        {"/o/bucket//key", "object bucket [/key]"},
        {"/v1/functions", "functions"},
        {"/v1/functions/", "functions"},
        {"/v1/functions/name", "function name"},
        {"/v1/functions/name/logs", "log of name"},
        {"/v1/functions/name/pipeline", "pipeline of name"},
        {"/v1/traces", "traces"},
        {"/v1/traces/0af7651916cd43dd8448eb211c80319c", "trace 0af7651916cd43dd8448eb211c80319c"},
        {"/healthz", "health"},
        {"/readyz", "ready"},
        {"/metrics", "metrics"},
    };
    for (const auto& row : cases) EXPECT_EQ(route(row.path), row.route) << row.path;
}

TEST(Route, OtherPathsHaveNone) {
    const Case cases[] = {
        {"/", "not-found"},
        {"*", "not-found"},
        {"", "not-found"},
        {"/f", "not-found"},
        {"/F/name", "not-found"},
        {"/metrics/", "not-found"},
        {"/v1", "not-found"},
        {"/v1/functions/name/", "not-found"},
        {"/v1/functions/name/logs/", "not-found"},
        {"/v1/functions/name/x", "not-found"},
        {"/f/", "bad-name"},
        {"/f//x", "bad-name"},
        {"/f/..", "bad-name"},
        {"/f/a%62", "bad-name"},
        {"/v1/functions//logs", "bad-name"},
        {"/v1/functions/a%62", "bad-name"},
        {"/o//key", "bad-name"},
        {"/o/../key", "bad-name"},
        {"/o/a%2Fb/key", "bad-name"},
        {"/o/bucket/../key", "bad-name"},
        {"/o/bucket/a/%2e%2e/b", "bad-name"},
        {"/o/bucket/a%00b", "bad-name"},
        {"/o/bucket/%FF", "bad-name"},
        {"/o/bucket/%zz", "bad-request"},
        {"/o/%/key", "bad-request"},
        {"/v1/traces/0AF7651916cd43dd8448eb211c80319c", "bad-request"},
        {"/v1/traces/0af7", "bad-request"},
        {"/o/bucket/%4", "bad-request"},
    };
    for (const auto& row : cases) EXPECT_EQ(route(row.path), row.route) << row.path;
}

TEST(Route, ALongPathIsCutInTheMessage) {
    auto found = route_of("/" + std::string(10'000, 'x'));
    ASSERT_FALSE(found.ok());
    EXPECT_LT(found.error().detail.size(), 500u);
}

TEST(Route, NamesAreHeldToTheirLength) {
    EXPECT_EQ(route("/f/" + std::string(255, 'x')).substr(0, 6), "invoke");
    EXPECT_EQ(route("/f/" + std::string(256, 'x')), "bad-name");
    EXPECT_EQ(route("/o/b/" + std::string(1024, 'x')).substr(0, 6), "object");
    EXPECT_EQ(route("/o/b/" + std::string(1025, 'x')), "bad-name");
}

}  // namespace
}  // namespace inlay::serve
