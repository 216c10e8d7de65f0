// What must hold for parse_byte_range on any bytes: the first line is the size when it is a number, the rest the header.
#pragma once

#include <algorithm>
#include <cstdint>
#include <regex>
#include <span>
#include <string>
#include <string_view>

#include "base/check.hpp"
#include "input_text.hpp"
#include "serve/byte_range.hpp"
#include "base/query.hpp"

namespace inlay::fuzz::byte_range {

// A number as its digits, so that none is too long: without zeros in front,
inline std::string all_digits_of(std::string_view text) { return std::string(text.substr(std::min(text.find_first_not_of('0'), text.size()))); }
// and none beyond what 64 bits hold.
inline std::string digits_of(std::string_view text) {
    static const std::string most = std::to_string(UINT64_MAX);
    const std::string digits = all_digits_of(text);
    return digits.size() > most.size() || (digits.size() == most.size() && digits > most) ? most : digits;
}
inline bool less(const std::string& a, const std::string& b) { return a.size() != b.size() ? a.size() < b.size() : a < b; }

// RFC 9110, section 14.1.2, once more: over digits instead of numbers.
inline ByteRange reference(std::string_view header, uint64_t size) {
    static const std::regex form("[bB][yY][tT][eE][sS]=[ \\t]*([0-9]*)-([0-9]*)[ \\t]*");
    std::match_results<std::string_view::const_iterator> parts;
    if (!std::regex_match(header.begin(), header.end(), parts, form)) return {};
    const auto first = digits_of({parts[1].first, parts[1].second}), last = digits_of({parts[2].first, parts[2].second});
    const bool has_first = parts[1].length() > 0, has_last = parts[2].length() > 0;
    const std::string end = digits_of(std::to_string(size));
    const auto number = [](const std::string& digits) { return digits.empty() ? 0 : std::stoull(digits); };
    if (!has_first && !has_last) return {};
    if (!has_first && last.empty()) return {ByteRange::Kind::unsatisfiable, 0, 0};
    if (!has_first && size == 0) return {};
    if (!has_first && less(last, end)) return {ByteRange::Kind::part, size - number(last), number(last)};
    if (!has_first) return {ByteRange::Kind::part, 0, size};
    if (has_last && less(all_digits_of({parts[2].first, parts[2].second}), all_digits_of({parts[1].first, parts[1].second}))) return {};
    if (!less(first, end)) return {ByteRange::Kind::unsatisfiable, 0, 0};
    const uint64_t length = has_last && less(last, end) ? number(last) + 1 - number(first) : size - number(first);
    return {ByteRange::Kind::part, number(first), length};
}

inline void one_input(std::span<const uint8_t> input) {
    const auto bytes = as_text(input);
    const auto first_line = bytes.substr(0, bytes.find('\n'));
    const auto header = bytes.substr(first_line.size() == bytes.size() ? 0 : first_line.size() + 1);
    const uint64_t size = parse_u64(first_line).value_or(1000);

    const auto range = parse_byte_range(header, size);
    INLAY_CHECK(range == reference(header, size));
    if (range.kind != ByteRange::Kind::part) {
        INLAY_CHECK(range.first == 0 && range.length == 0);
        return;
    }
    INLAY_CHECK(range.first < size);
    INLAY_CHECK(range.length >= 1 && range.length <= size - range.first);
    const auto last = range.first + range.length - 1;
    INLAY_CHECK(parse_byte_range("bytes=" + std::to_string(range.first) + "-" + std::to_string(last), size) == range);
}

}  // namespace inlay::fuzz::byte_range
