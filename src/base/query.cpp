// Decodes percent escapes and finds query parameters.
#include "base/query.hpp"

#include <fmt/format.h>

#include <limits>

#include "base/field_rules.hpp"

namespace inlay {
namespace {

constexpr unsigned hex_digit(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    return static_cast<unsigned>((c | 0x20) - 'a') + 10;
}

}  // namespace

Result<std::string> percent_decode(std::string_view text, Plus plus) {
    std::string decoded;
    decoded.reserve(text.size());
    for (size_t i = 0; i < text.size(); i++) {
        if (text[i] == '%') {
            const auto escape = text.substr(i, 3);
            if (escape.size() < 3 || !all_bytes(escape.substr(1), kHexByte))
                return Error{Errc::bad_request,
                             fmt::format("the escape at byte {} of {} in a part of the request target is not % and two "
                                         "hex digits",
                                         i + 1, text.size())};
            decoded += static_cast<char>(hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]));
            i += 2;
        } else {
            decoded += text[i] == '+' && plus == Plus::space ? ' ' : text[i];
        }
    }
    return decoded;
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    std::string out;
    for (char c : text) {
        if (kPlain.find(c) != kPlain.npos) {
            out += c;
        } else {
            auto byte = static_cast<unsigned char>(c);
            out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
        }
    }
    return out;
}

Result<std::optional<std::string>> find_parameter(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const size_t end = query.find('&');
        const auto pair = query.substr(0, end);
        query.remove_prefix(end == query.npos ? query.size() : end + 1);
        const size_t equals = pair.find('=');
        const auto key = pair.substr(0, equals);
        INLAY_TRY(auto decoded_key, percent_decode(key, Plus::space));
        if (pair.empty() || decoded_key != name) continue;
        const auto value = equals == pair.npos ? std::string_view() : pair.substr(equals + 1);
        INLAY_TRY(auto decoded, percent_decode(value, Plus::space));
        return std::optional<std::string>(std::move(decoded));
    }
    return std::optional<std::string>();
}

std::optional<uint64_t> parse_u64(std::string_view text) noexcept {
    if (text.empty()) return std::nullopt;
    uint64_t number = 0;
    for (char c : text) {
        if (!is_byte(c, kDigitByte)) return std::nullopt;
        const auto digit = static_cast<uint64_t>(c - '0');
        if (number > (std::numeric_limits<uint64_t>::max() - digit) / 10) return std::nullopt;
        number = number * 10 + digit;
    }
    return number;
}

}  // namespace inlay
