// Sizes and durations as people write and read them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace inlay::cli {

// "4096", "64K", "64KiB", "64M", "64MiB", "1G", "1GiB" (powers of 1024, any case). Nothing else, and nothing past 2^64 - 1.
std::optional<uint64_t> parse_size_bytes(std::string_view text);

// "500ms", "30s", "2m", "1h". A bare number is refused: its unit would be a guess.
std::optional<uint64_t> parse_duration_ms(std::string_view text);

// "17 B", "1.5 KiB", "64.0 MiB", "1.0 GiB".
std::string format_size(uint64_t bytes);

// "1,234,567".
std::string format_count(uint64_t count);

// "500 ms", "30 s", "2 m": the largest unit that loses nothing.
std::string format_duration(uint64_t duration_ms);

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110) becomes "1994-11-06T08:49:37Z"; anything else stays as it is.
std::string http_date_to_rfc3339(const std::string& date);

}  // namespace inlay::cli
