// Compares entity tags and writes dates.
#include "serve/etag.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/check.hpp"
#include "base/field_rules.hpp"

namespace inlay {
namespace {

constexpr int64_t kLastSecondOf9999 = 253'402'300'799;

struct ListedTag {
    bool weak = false;
    std::string_view opaque;  // With its quotes.
};

ListedTag split_weakness(std::string_view tag) {
    const bool weak = tag.starts_with("W/");
    return {weak, tag.substr(weak ? 2 : 0)};
}

// etagc of RFC 9110, section 8.8.3: visible ASCII but '"', and obs-text. Neither space nor tab.
bool is_etag_byte(char c) { return is_byte(c, kValueByte) && !is_blank(c) && c != '"'; }

// Takes one tag and the comma behind it off the front of `list`; absent at the end and at anything malformed.
std::optional<ListedTag> take_tag(std::string_view& list) {
    while (!list.empty() && (is_blank(list.front()) || list.front() == ',')) list.remove_prefix(1);
    const bool weak = list.starts_with("W/");
    const auto quoted = list.substr(weak ? 2 : 0);
    if (!quoted.starts_with('"')) return std::nullopt;
    size_t end = 1;
    while (end < quoted.size() && is_etag_byte(quoted[end])) end++;
    if (end == quoted.size() || quoted[end] != '"') return std::nullopt;
    list = trim_blanks(quoted.substr(end + 1));
    if (!list.empty() && list.front() != ',') return std::nullopt;
    return ListedTag{weak, quoted.substr(0, end + 1)};
}

// Writes the low `width` decimal digits of `number`, zeros in front.
void put_digits(char* out, unsigned number, unsigned width) {
    for (char* at = out + width; at != out; number /= 10) *--at = static_cast<char>('0' + number % 10);
}

}  // namespace

EntityTag etag_of(std::string_view version, TagStrength strength) noexcept {
    EntityTag tag;
    const std::string_view before = strength == TagStrength::weak ? "W/\"" : "\"";
    INLAY_CHECK(before.size() + version.size() + 1 <= tag.bytes.size());
    char* at = tag.bytes.data();
    at += before.copy(at, before.size());
    at += version.copy(at, version.size());
    *at++ = '"';
    tag.length = static_cast<size_t>(at - tag.bytes.data());
    return tag;
}

bool matches_strong(std::string_view list, std::string_view etag) noexcept {
    if (trim_blanks(list) == "*") return true;
    const auto own = split_weakness(etag);
    while (auto tag = take_tag(list))
        if (!tag->weak && !own.weak && tag->opaque == own.opaque) return true;
    return false;
}

bool matches_weak(std::string_view list, std::string_view etag) noexcept {
    if (trim_blanks(list) == "*") return true;
    const auto own = split_weakness(etag);
    while (auto tag = take_tag(list))
        if (tag->opaque == own.opaque) return true;
    return false;
}

HttpDate http_date(int64_t unix_seconds) noexcept {
    using namespace std::chrono;
    constexpr std::string_view days = "SunMonTueWedThuFriSat", months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const sys_seconds time{seconds{std::clamp<int64_t>(unix_seconds, 0, kLastSecondOf9999)}};
    const auto day = floor<std::chrono::days>(time);
    const year_month_day date{day};
    const hh_mm_ss clock{time - day};

    HttpDate text;
    constexpr std::string_view shape = "Sun, 00 Jan 0000 00:00:00 GMT";
    text.length = shape.copy(text.bytes.data(), shape.size());
    char* out = text.bytes.data();
    days.copy(out, 3, weekday{day}.c_encoding() * 3);
    put_digits(out + 5, unsigned{date.day()}, 2);
    months.copy(out + 8, 3, (unsigned{date.month()} - 1) * 3);
    put_digits(out + 12, static_cast<unsigned>(int{date.year()}), 4);
    put_digits(out + 17, static_cast<unsigned>(clock.hours().count()), 2);
    put_digits(out + 20, static_cast<unsigned>(clock.minutes().count()), 2);
    put_digits(out + 23, static_cast<unsigned>(clock.seconds().count()), 2);
    return text;
}

}  // namespace inlay
