// The table of failures: each code has its own stable name and a status that fits.
#include "base/errc.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace inlay {
namespace {

TEST(Errc, EachHasANameOfItsOwnThatFitsAUrn) {
    std::set<std::string_view> names;
    for (uint16_t i = 0; i < kErrcCount; i++) {
        auto name = traits(static_cast<Errc>(i)).name;
        EXPECT_TRUE(names.insert(name).second) << name;
        EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), name.npos) << name;
        EXPECT_FALSE(name.empty());
    }
}

TEST(Errc, EachHasAStatusOfAFailureAndATitle) {
    for (uint16_t i = 0; i < kErrcCount; i++) {
        const auto& row = traits(static_cast<Errc>(i));
        EXPECT_GE(row.http_status, 400) << row.name;
        EXPECT_LT(row.http_status, 600) << row.name;
        EXPECT_FALSE(row.title.empty()) << row.name;
        EXPECT_FALSE(row.title.ends_with('.')) << row.name;
        EXPECT_EQ(row.title.find_first_of("\"\\\n"), row.title.npos) << "stands in JSON as it is";
    }
}

// Clients match on these: a line that has to be changed here is an incompatible change.
TEST(Errc, NamesAndStatusesDoNotMove) {
    struct Row {
        Errc code;
        std::string_view name;
        uint16_t status;
    };
    const Row rows[] = {
        {Errc::bad_request, "bad-request", 400},
        {Errc::bad_name, "bad-name", 400},
        {Errc::bad_module, "bad-module", 422},
        {Errc::unauthorized, "unauthorized", 401},
        {Errc::not_found, "not-found", 404},
        {Errc::function_not_found, "function-not-found", 404},
        {Errc::object_not_found, "object-not-found", 404},
        {Errc::bucket_not_found, "bucket-not-found", 404},
        {Errc::method_not_allowed, "method-not-allowed", 405},
        {Errc::request_timeout, "request-timeout", 408},
        {Errc::precondition_failed, "precondition-failed", 412},
        {Errc::body_too_large, "body-too-large", 413},
        {Errc::range_not_satisfiable, "range-not-satisfiable", 416},
        {Errc::expectation_failed, "expectation-failed", 417},
        {Errc::head_too_large, "head-too-large", 431},
        {Errc::unsupported_version, "unsupported-version", 505},
        {Errc::not_implemented, "not-implemented", 501},
        {Errc::function_failed, "function-failed", 500},
        {Errc::function_trapped, "function-trapped", 500},
        {Errc::function_timed_out, "function-timed-out", 504},
        {Errc::input_is_read_only, "input-is-read-only", 500},
        {Errc::object_changed, "object-changed", 500},
        {Errc::content_refused, "content-refused", 422},
        {Errc::lane_lost, "lane-lost", 502},
        {Errc::function_quarantined, "function-quarantined", 503},
        {Errc::function_over_limit, "function-over-limit", 429},
        {Errc::overloaded, "overloaded", 503},
        {Errc::draining, "draining", 503},
        {Errc::no_space, "no-space", 507},
        {Errc::io_error, "io-error", 500},
        {Errc::storage_failed, "storage-failed", 503},
        {Errc::corrupt, "corrupt", 500},
        {Errc::internal, "internal", 500},
    };
    EXPECT_EQ(std::size(rows), kErrcCount);
    for (const auto& row : rows) {
        EXPECT_EQ(traits(row.code).name, row.name);
        EXPECT_EQ(traits(row.code).http_status, row.status) << row.name;
    }
}

TEST(Errc, ACodeThatIsNoneIsInternal) {
    EXPECT_EQ(traits(static_cast<Errc>(kErrcCount)).name, "internal");
    EXPECT_EQ(traits(static_cast<Errc>(UINT16_MAX)).name, "internal");
}

}  // namespace
}  // namespace inlay
