// Checks names, and says what is wrong with a bad one.
#include "base/names.hpp"

#include <fmt/format.h>

#include "base/limits.hpp"

namespace inlay {
namespace {

bool is_name_byte(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

bool is_dot_segment(std::string_view segment) { return segment == "." || segment == ".."; }

bool has_dot_segment(std::string_view key) {
    for (size_t start = 0;;) {
        size_t end = key.find('/', start);
        if (is_dot_segment(key.substr(start, end == key.npos ? key.npos : end - start))) return true;
        if (end == key.npos) return false;
        start = end + 1;
    }
}

}  // namespace

Result<> check_name(std::string_view kind, std::string_view name) {
    bool fine = !name.empty() && name.size() <= kNameBytesMax && !is_dot_segment(name);
    for (char c : name.substr(0, kNameBytesMax)) fine = fine && is_name_byte(c);
    if (fine) return {};
    return Error{Errc::bad_name, fmt::format("{} name {:?}: use 1 to {} of A-Z a-z 0-9 . _ - and not only one or two dots",
                                             kind, name.substr(0, kNameBytesMax), kNameBytesMax)};
}

Result<> check_key(std::string_view key) {
    auto refuse = [&](std::string_view why) {
        return Error{Errc::bad_name, fmt::format("key {:?}: {}", key.substr(0, kNameBytesMax), why)};
    };
    if (key.empty()) return refuse("a key has at least one byte");
    if (key.size() > kKeyBytesMax) return refuse("a key has at most 1,024 bytes");
    for (char c : key)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return refuse("control bytes are not allowed");
    if (!is_utf8(key)) return refuse("a key is UTF-8");
    if (has_dot_segment(key)) return refuse("the segments . and .. are not allowed");
    return {};
}

Result<ObjectName> parse_object_name(std::string_view text) {
    size_t slash = text.find('/');
    if (slash == text.npos)
        return Error{Errc::bad_name, fmt::format("object {:?}: write BUCKET/KEY", text.substr(0, kNameBytesMax))};
    // Checked before anything is copied: a guest may name gigabytes.
    INLAY_TRY_VOID(check_name("bucket", text.substr(0, slash)));
    INLAY_TRY_VOID(check_key(text.substr(slash + 1)));
    return ObjectName{std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
}

bool is_utf8(std::string_view text) {
    auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    auto between = [](unsigned c, unsigned low, unsigned high) { return c >= low && c <= high; };
    for (size_t i = 0; i < text.size();) {
        unsigned first = byte(i), second = byte(i + 1);
        size_t length = 0;
        if (first < 0x80) {
            length = 1;
        } else if (between(first, 0xc2, 0xdf) && between(second, 0x80, 0xbf)) {
            length = 2;
        } else if (between(first, 0xe0, 0xef)) {
            unsigned low = first == 0xe0 ? 0xa0 : 0x80, high = first == 0xed ? 0x9f : 0xbf;
            if (between(second, low, high)) length = 3;
        } else if (between(first, 0xf0, 0xf4)) {
            unsigned low = first == 0xf0 ? 0x90 : 0x80, high = first == 0xf4 ? 0x8f : 0xbf;
            if (between(second, low, high)) length = 4;
        }
        if (length == 0) return false;
        for (size_t k = 2; k < length; k++)
            if (!between(byte(i + k), 0x80, 0xbf)) return false;
        i += length;
    }
    return true;
}

}  // namespace inlay
