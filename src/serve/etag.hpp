// Entity tags and dates: the validators that a response carries and a request is compared with.
//
//     const auto etag = etag_of(version);
//     if (matches_weak(if_none_match, etag.view())) return not_modified();
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace inlay {

// A text of at most N bytes that carries its own room.
template <size_t N>
struct ShortText {
    std::array<char, N> bytes{};
    size_t length = 0;

    // Valid until: this text ends or moves, so for a temporary until the end of the statement.
    std::string_view view() const noexcept { return {bytes.data(), length}; }
};

using EntityTag = ShortText<36>;  // A version in two quotes, perhaps behind W/.
using HttpDate = ShortText<29>;   // "Sun, 06 Nov 1994 08:49:37 GMT"

// Weak: bytes of the same tag may differ (RFC 9110, section 8.8.1).
enum class TagStrength { strong, weak };

// The tag of a version: its id in quotes. Requires: at most 32 bytes of an entity tag (versions are hex digits).
EntityTag etag_of(std::string_view version, TagStrength strength = TagStrength::strong) noexcept;

// If-Match (RFC 9110, section 13.1.1): true for "*", or when the list holds this tag and neither is weak.
// Reading stops at the first malformed element; those before it count. `etag` is quoted.
bool matches_strong(std::string_view list, std::string_view etag) noexcept;

// If-None-Match (section 13.1.2): the same, but W/ is of no account on either side.
bool matches_weak(std::string_view list, std::string_view etag) noexcept;

// IMF-fixdate of RFC 9110, section 5.6.7. Times before 1970 or after 9999 are moved to the nearer end.
HttpDate http_date(int64_t unix_seconds) noexcept;

}  // namespace inlay
