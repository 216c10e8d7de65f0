// The bytes and names that HTTP fields may have, shared by everything that reads or writes a head.
//
// Rules are those of RFC 9110, section 5 and 5.6. All functions are pure and allocate nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace inlay {

enum ByteKind : uint8_t {
    kTokenByte = 1,     // tchar
    kValueByte = 2,     // HTAB, SP, VCHAR, obs-text: what a field value is made of
    kTargetByte = 4,    // VCHAR without '#': what a request target is made of
    kRegNameByte = 8,   // unreserved, sub-delims, and '%' whose digits are checked apart (RFC 3986, 3.2.2)
    kDigitByte = 16,
    kHexByte = 32,
};

constexpr std::array<uint8_t, 256> make_byte_kinds() {
    constexpr std::string_view token_marks = "!#$%&'*+-.^_`|~", reg_name_marks = "-._~!$&'()*+,;=%";
    std::array<uint8_t, 256> kinds{};
    for (unsigned i = 0; i < kinds.size(); i++) {
        const char c = static_cast<char>(i);
        const bool digit = c >= '0' && c <= '9';
        const bool hex = digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        const bool alphanumeric = digit || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        const bool visible = i > 0x20 && i < 0x7f;
        unsigned kind = 0;
        if (alphanumeric || token_marks.find(c) != token_marks.npos) kind |= kTokenByte;
        if (visible || i >= 0x80 || c == ' ' || c == '\t') kind |= kValueByte;
        if (visible && c != '#') kind |= kTargetByte;
        if (alphanumeric || reg_name_marks.find(c) != reg_name_marks.npos) kind |= kRegNameByte;
        if (digit) kind |= kDigitByte;
        if (hex) kind |= kHexByte;
        kinds[i] = static_cast<uint8_t>(kind);
    }
    return kinds;
}

inline constexpr std::array<uint8_t, 256> kByteKinds = make_byte_kinds();

constexpr bool is_byte(char c, ByteKind kind) noexcept {
    return (kByteKinds[static_cast<unsigned char>(c)] & kind) != 0;
}
constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

// How many bytes at the front of `text` are of this kind.
constexpr size_t count_front(std::string_view text, ByteKind kind) noexcept {
    size_t count = 0;
    while (count < text.size() && is_byte(text[count], kind)) count++;
    return count;
}

// True when every byte is of this kind, so also for an empty text.
constexpr bool all_bytes(std::string_view text, ByteKind kind) noexcept {
    return count_front(text, kind) == text.size();
}

// `text` without spaces and tabs at both ends.
constexpr std::string_view trim_blanks(std::string_view text) noexcept {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

// One or more tchar: a field name, a method, a connection option.
constexpr bool is_token(std::string_view text) noexcept { return !text.empty() && all_bytes(text, kTokenByte); }

// No control bytes but HTAB, and no blank at either end. May be empty.
bool is_field_value(std::string_view text) noexcept;

// Takes the first element of a comma-separated list off the front of `list`, without its blanks; it may be empty.
//
// Not for lists whose elements may hold quoted commas.
std::string_view take_list_element(std::string_view& list) noexcept;

// Compares with ASCII letters folded, other bytes as they are.
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

// True for fields that only the server itself may write into a response: those of the connection and its framing, Date,
// and everything that begins with "Inlay-".
bool is_host_owned(std::string_view name) noexcept;

}  // namespace inlay
