// Reads one byte range without ever overflowing.
#include "serve/byte_range.hpp"

#include <algorithm>
#include <limits>

#include "base/field_rules.hpp"
#include "base/query.hpp"

namespace inlay {
namespace {

constexpr ByteRange kWhole{ByteRange::Kind::whole, 0, 0};
constexpr ByteRange kUnsatisfiable{ByteRange::Kind::unsatisfiable, 0, 0};

// Requires: digits only, at least one. A number past 64 bits reads as the largest: no object is that long.
uint64_t saturated(std::string_view digits) { return parse_u64(digits).value_or(std::numeric_limits<uint64_t>::max()); }

// Of numbers of any length. Requires: digits only.
bool is_less(std::string_view a, std::string_view b) {
    a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
    b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
    return a.size() != b.size() ? a.size() < b.size() : a < b;
}

ByteRange last_bytes(uint64_t count, uint64_t size) {
    if (count == 0) return kUnsatisfiable;
    if (size == 0) return kWhole;
    const uint64_t length = std::min(count, size);
    return {ByteRange::Kind::part, size - length, length};
}

}  // namespace

ByteRange parse_byte_range(std::string_view header, uint64_t size) noexcept {
    constexpr std::string_view unit = "bytes=";
    if (!equal_ignoring_case(header.substr(0, unit.size()), unit)) return kWhole;
    const auto range = trim_blanks(header.substr(unit.size()));
    const size_t dash = range.find('-');
    if (dash == range.npos) return kWhole;
    const auto from = range.substr(0, dash), to = range.substr(dash + 1);
    if (!all_bytes(from, kDigitByte) || !all_bytes(to, kDigitByte)) return kWhole;
    if (from.empty()) return to.empty() ? kWhole : last_bytes(saturated(to), size);

    if (!to.empty() && is_less(to, from)) return kWhole;  // Invalid, so ignored (RFC 9110, section 14.1.1).
    const uint64_t first = saturated(from);
    const uint64_t last = to.empty() ? std::numeric_limits<uint64_t>::max() : saturated(to);
    if (first >= size) return kUnsatisfiable;
    // Cannot overflow: min(last, size - 1) >= first, and the sum is at most size.
    return {ByteRange::Kind::part, first, std::min(last, size - 1) - first + 1};
}

}  // namespace inlay
