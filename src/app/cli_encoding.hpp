// Text on its way to a server or a terminal: queries, base64, and control bytes made harmless.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/field_rules.hpp"
#include "base/query.hpp"

namespace inlay::cli {

// Name and value pairs in their order; a name may come again.
using QueryPairs = std::vector<std::pair<std::string, std::string>>;

// "?a=1&b=2", or nothing for no pairs.
std::string query_string(const QueryPairs& pairs);

// RFC 4648, section 4, with padding.
std::string base64(std::string_view bytes);
// What that was made of; nullopt: it is no base64.
std::optional<std::string> from_base64(std::string_view text);

// Replaces what a terminal would obey (C0 but tab and newline, DEL, C1) and bytes that are not UTF-8 with "?".
std::string printable(std::string_view text);

// True for a field value that cannot end its line: no control bytes but tab.
bool is_field_value(std::string_view text);

}  // namespace inlay::cli
