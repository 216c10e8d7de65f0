// Puts status line and fields together, and holds the reason phrases.
#include "serve/reply_head.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>

#include "base/check.hpp"
#include "base/field_rules.hpp"

namespace inlay {
namespace {

constexpr std::string_view kVersion = "HTTP/1.1 ";
constexpr size_t kStatusLineBytesMin = kVersion.size() + 3 + 1 + 2;  // Without the reason phrase.
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kColon = ": ";

struct Reason {
    uint16_t status;
    std::string_view phrase;
};

// In the order of their numbers.
constexpr Reason kReasons[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {511, "Network Authentication Required"},
};

// True when `lines` is nothing but whole, well-formed field lines.
bool are_field_lines(std::string_view lines) {
    while (!lines.empty()) {
        const size_t end = lines.find(kLineEnd), colon = lines.find(':');
        if (end == lines.npos || colon >= end || !is_token(lines.substr(0, colon))) return false;
        if (!all_bytes(lines.substr(colon + 1, end - colon - 1), kValueByte)) return false;
        lines.remove_prefix(end + kLineEnd.size());
    }
    return true;
}

}  // namespace

std::string_view reason_phrase(uint16_t status) noexcept {
    const auto* reason = std::ranges::lower_bound(kReasons, status, {}, &Reason::status);
    return reason != std::end(kReasons) && reason->status == status ? reason->phrase : "";
}

HeadWriter::HeadWriter(std::span<char> room, uint16_t status) noexcept : room_(room) {
    INLAY_CHECK(status >= 100 && status <= 999);
    const char digits[] = {static_cast<char>('0' + status / 100), static_cast<char>('0' + status / 10 % 10),
                           static_cast<char>('0' + status % 10), ' '};
    const auto reason = reason_phrase(status);
    fine_ = kStatusLineBytesMin + reason.size() <= room_.size();
    if (!fine_) return;
    put(kVersion);
    put({digits, sizeof digits});
    put(reason);
    put(kLineEnd);
}

HeadWriter& HeadWriter::field(std::string_view name, std::string_view value) noexcept {
    if (!is_field_value(value)) fine_ = false;
    if (!begin_field(name, value.size())) return *this;
    put(value);
    put(kLineEnd);
    return *this;
}

HeadWriter& HeadWriter::field(std::string_view name, uint64_t value) noexcept {
    char digits[20];  // The largest number has 20.
    const char* end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
    const std::string_view text(digits, static_cast<size_t>(end - digits));
    if (!begin_field(name, text.size())) return *this;
    put(text);
    put(kLineEnd);
    return *this;
}

HeadWriter& HeadWriter::lines(std::string_view lines) noexcept {
    fine_ = fine_ && lines.size() <= room_.size() - length_ && are_field_lines(lines);
    if (fine_) put(lines);
    return *this;
}

std::optional<std::string_view> HeadWriter::finish() noexcept {
    if (!fine_ || room_.size() - length_ < kLineEnd.size()) return std::nullopt;
    put(kLineEnd);
    return std::string_view(room_.data(), length_);
}

// Writes "NAME: " when the whole line fits.
bool HeadWriter::begin_field(std::string_view name, size_t value_bytes) noexcept {
    const size_t free_bytes = room_.size() - length_;
    // Cannot overflow: each of the two is compared alone first.
    fine_ = fine_ && is_token(name) && name.size() <= free_bytes && value_bytes <= free_bytes &&
            name.size() + kColon.size() + value_bytes + kLineEnd.size() <= free_bytes;
    if (!fine_) return false;
    put(name);
    put(kColon);
    return true;
}

// Requires: it fits.
void HeadWriter::put(std::string_view text) noexcept {
    // COPY: bytes of a response head, no content.
    if (!text.empty()) std::memcpy(room_.data() + length_, text.data(), text.size());
    length_ += text.size();
}

}  // namespace inlay
