// Reads and writes sizes, durations and dates.
#include "app/cli_quantity.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <iomanip>
#include <limits>
#include <locale>
#include <span>
#include <sstream>

#include "base/limits.hpp"

namespace inlay::cli {
namespace {

struct Unit {
    std::string_view name;
    uint64_t factor;
};

constexpr std::array<Unit, 8> kSizeUnits{
    {{"", 1}, {"b", 1}, {"k", KiB}, {"kib", KiB}, {"m", MiB}, {"mib", MiB}, {"g", GiB}, {"gib", GiB}}};
constexpr std::array<Unit, 4> kDurationUnits{{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::optional<uint64_t> parse_quantity(std::string_view text, std::span<const Unit> units) {
    uint64_t number = 0;
    auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return std::nullopt;
    std::string name(rest, text.data() + text.size());
    for (char& c : name) c = lower(c);
    for (const Unit& unit : units) {
        if (unit.name != name) continue;
        if (number > std::numeric_limits<uint64_t>::max() / unit.factor) return std::nullopt;
        return number * unit.factor;
    }
    return std::nullopt;
}

}  // namespace

std::optional<uint64_t> parse_size_bytes(std::string_view text) { return parse_quantity(text, kSizeUnits); }

std::optional<uint64_t> parse_duration_ms(std::string_view text) { return parse_quantity(text, kDurationUnits); }

std::string format_size(uint64_t bytes) {
    if (bytes < KiB) return fmt::format("{} B", bytes);
    if (bytes < MiB) return fmt::format("{:.1f} KiB", static_cast<double>(bytes) / KiB);
    if (bytes < GiB) return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / MiB);
    return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / GiB);
}

std::string format_count(uint64_t count) {
    auto digits = std::to_string(count);
    for (size_t from_end = 3; from_end < digits.size(); from_end += 4) digits.insert(digits.size() - from_end, 1, ',');
    return digits;
}

std::string format_duration(uint64_t duration_ms) {
    for (size_t i = kDurationUnits.size(); i-- > 0;) {
        const Unit& unit = kDurationUnits[i];
        if (duration_ms >= unit.factor && duration_ms % unit.factor == 0)
            return fmt::format("{} {}", duration_ms / unit.factor, unit.name);
    }
    return fmt::format("{} ms", duration_ms);
}

std::string http_date_to_rfc3339(const std::string& date) {
    std::istringstream in(date);
    in.imbue(std::locale::classic());
    std::tm parts{};
    in >> std::get_time(&parts, "%a, %d %b %Y %H:%M:%S GMT");
    if (in.fail()) return date;
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                       parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace inlay::cli
