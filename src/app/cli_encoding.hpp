// Text on its way to a server or a terminal: percent-encoding, base64, and control bytes made harmless.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace inlay::cli {

// Keeps RFC 3986's unreserved bytes and "/", encodes every other byte as %XX. Right for paths and for query values, since a
// key's slashes stay slashes.
std::string percent_encode(std::string_view text);

// Name and value pairs in their order; a name may come again.
using QueryPairs = std::vector<std::pair<std::string, std::string>>;

// "?a=1&b=2", or nothing for no pairs.
std::string query_string(const QueryPairs& pairs);

// RFC 4648, section 4, with padding.
std::string base64(std::string_view bytes);

// Replaces what a terminal would obey (C0 but tab and newline, DEL, C1) and bytes that are not UTF-8 with "?".
std::string printable(std::string_view text);

// True for an HTTP token (RFC 9110: methods). False for the empty one.
bool is_token(std::string_view text);
// True for a field value that cannot end its line: no control bytes but tab.
bool is_field_value(std::string_view text);

}  // namespace inlay::cli
