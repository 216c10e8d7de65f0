// The table behind Errc.
#include "base/errc.hpp"

#include <array>

namespace inlay {
namespace {

constexpr std::array<ErrcTraits, kErrcCount> kTraits{{
    {"bad-request", 400, "The request is malformed"},
    {"bad-name", 400, "The name is not allowed"},
    {"bad-module", 422, "The module cannot be deployed"},
    {"unauthorized", 401, "A valid token is needed"},
    {"not-found", 404, "There is nothing at this path"},
    {"function-not-found", 404, "The function does not exist"},
    {"object-not-found", 404, "The object does not exist"},
    {"bucket-not-found", 404, "The bucket does not exist"},
    {"method-not-allowed", 405, "The method is not allowed here"},
    {"request-timeout", 408, "The request did not arrive in time"},
    {"precondition-failed", 412, "A precondition does not hold"},
    {"body-too-large", 413, "The body is too large"},
    {"range-not-satisfiable", 416, "The range lies outside of the object"},
    {"expectation-failed", 417, "The expectation cannot be met"},
    {"head-too-large", 431, "The request head is too large"},
    {"unsupported-version", 505, "The HTTP version is not supported"},
    {"not-implemented", 501, "The method or transfer coding is not implemented"},
    {"function-failed", 500, "The function reported failure"},
    {"function-trapped", 500, "The function trapped"},
    {"function-timed-out", 504, "The function ran past its deadline"},
    {"input-is-read-only", 500, "The function wrote to an input"},
    {"object-changed", 500, "The data changed while the function read it"},
    {"content-refused", 422, "The function did not take the content"},
    {"lane-lost", 502, "The process that ran the function ended"},
    {"function-quarantined", 503, "The function is not run any more"},
    {"function-over-limit", 429, "The function is at its limit"},
    {"overloaded", 503, "The server is at its limit"},
    {"draining", 503, "The server is shutting down"},
    {"no-space", 507, "The disk is full"},
    {"io-error", 500, "A disk or socket operation failed"},
    {"storage-failed", 503, "Nothing is stored until the server is restarted"},
    {"corrupt", 500, "Stored data is damaged"},
    {"internal", 500, "An internal error happened"},
}};

}  // namespace

const ErrcTraits& traits(Errc code) noexcept {
    auto index = static_cast<uint16_t>(code);
    return kTraits[index < kErrcCount ? index : static_cast<uint16_t>(Errc::internal)];
}

}  // namespace inlay
