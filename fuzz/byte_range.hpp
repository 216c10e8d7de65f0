// What must hold for parse_byte_range on any bytes: the first line is the size when it is a number, the rest the header.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/check.hpp"
#include "input_text.hpp"
#include "serve/byte_range.hpp"
#include "base/query.hpp"

namespace inlay::fuzz::byte_range {

inline void one_input(std::span<const uint8_t> input) {
    const auto bytes = as_text(input);
    const auto first_line = bytes.substr(0, bytes.find('\n'));
    const auto header = bytes.substr(first_line.size() == bytes.size() ? 0 : first_line.size() + 1);
    const uint64_t size = parse_u64(first_line).value_or(1000);

    const auto range = parse_byte_range(header, size);
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
