// Encodes text, byte by byte.
#include "app/cli_encoding.hpp"

#include <algorithm>
#include <cstdint>

#include "base/names.hpp"

namespace inlay::cli {
namespace {

constexpr std::string_view kBase64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The length of the UTF-8 character at the start of `text`, 0 where there is none.
size_t character_length(std::string_view text) {
    for (size_t length = 1; length <= 4 && length <= text.size(); length++)
        if (is_utf8(text.substr(0, length))) return length;
    return 0;
}

bool is_control(std::string_view character) {
    auto first = static_cast<unsigned char>(character[0]);
    if (character.size() == 1) return (first < 0x20 && first != '\t' && first != '\n') || first == 0x7f;
    return first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0;  // U+0080 to U+009F.
}

}  // namespace

std::string query_string(const QueryPairs& pairs) {
    std::string out;
    for (const auto& [name, value] : pairs) {
        out += out.empty() ? '?' : '&';
        out += percent_encode(name) + "=" + percent_encode(value);
    }
    return out;
}

std::string base64(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (size_t i = 0; i < bytes.size(); i += 3) {
        size_t count = std::min<size_t>(3, bytes.size() - i);
        uint32_t group = 0;
        for (size_t k = 0; k < 3; k++) group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0u);
        for (size_t k = 0; k < 4; k++) out += k <= count ? kBase64Alphabet[group >> (18 - 6 * k) & 63] : '=';
    }
    return out;
}

std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    for (size_t padding = 0; padding < 2 && text.ends_with('='); padding++) text.remove_suffix(1);
    std::string out;
    out.reserve(text.size() / 4 * 3 + 2);
    uint32_t group = 0;
    for (size_t i = 0; i < text.size(); i++) {
        const size_t digit = kBase64Alphabet.find(text[i]);
        if (digit == kBase64Alphabet.npos) return std::nullopt;
        group = group << 6 | static_cast<uint32_t>(digit);
        // Each digit but the first of four completes a byte.
        if (i % 4 != 0) out += static_cast<char>(group >> (6 - 2 * (i % 4)));
    }
    return out;
}

std::string printable(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        size_t length = character_length(text);
        if (length == 0 || is_control(text.substr(0, length))) {
            out += '?';
            length = std::max<size_t>(length, 1);
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(length);
    }
    return out;
}

bool is_field_value(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; });
}

}  // namespace inlay::cli
