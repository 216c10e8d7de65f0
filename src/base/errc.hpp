// The kinds of failure that Inlay reports: one code, one stable name, one HTTP status each.
//
// The name is what clients match on: it ends the `type` of the problem document ("urn:inlay:problem:NAME") and stands
// in the CLI's --json output. Names never change their meaning.
#pragma once

#include <cstdint>
#include <string_view>

namespace inlay {

enum class Errc : uint16_t {
    // Wrong requests.
    bad_request,
    bad_name,
    bad_module,
    unauthorized,
    not_found,
    function_not_found,
    object_not_found,
    bucket_not_found,
    method_not_allowed,
    request_timeout,
    precondition_failed,
    body_too_large,
    range_not_satisfiable,
    expectation_failed,
    head_too_large,
    unsupported_version,
    not_implemented,
    // What a function did.
    function_failed,
    function_trapped,
    function_timed_out,
    input_is_read_only,
    object_changed,
    content_refused,
    lane_lost,
    function_quarantined,
    function_over_limit,
    // The state of the host.
    overloaded,
    draining,
    no_space,
    io_error,
    storage_failed,
    corrupt,
    internal,
};

inline constexpr uint16_t kErrcCount = static_cast<uint16_t>(Errc::internal) + 1;

struct ErrcTraits {
    std::string_view name;
    uint16_t http_status;
    std::string_view title;
};

// The one table that maps each code to its name, status and title.
const ErrcTraits& traits(Errc code) noexcept;

}  // namespace inlay
