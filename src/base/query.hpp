// Reads and writes what a request target encodes: percent escapes, query parameters, numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace inlay {

// What '+' stands for: itself in a path, a space in a query.
enum class Plus { literal, space };

// Replaces each %XX by its byte, once. The result may hold any byte, also NUL: check it as what it is going to be.
// Errors: bad_request when two hex digits do not follow a '%'.
Result<std::string> percent_decode(std::string_view text, Plus plus);

// Keeps RFC 3986's unreserved bytes and "/", encodes every other byte as %XX. Right for paths and for query values, since a
// key's slashes stay slashes.
std::string percent_encode(std::string_view text);

// The decoded value of the first parameter of that (decoded) name in NAME=VALUE&NAME=VALUE; empty when it has no '='.
// Errors: bad_request when an escape in that value or in a name before it is malformed. Other values are not looked at.
Result<std::optional<std::string>> find_parameter(std::string_view query, std::string_view name);

// A decimal number: digits only, at least one. Absent on anything else and when it does not fit.
std::optional<uint64_t> parse_u64(std::string_view text) noexcept;

}  // namespace inlay
