// The rules for names of buckets, functions and keys.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace inlay {

// [A-Za-z0-9._-]{1,255}, not "." or "..". `kind` ("bucket", "function") begins the error's detail.
Result<> check_name(std::string_view kind, std::string_view name);

// 1 to 1,024 bytes of UTF-8, "/" allowed, no "." or ".." segment, no control bytes (U+0000-U+001F, U+007F).
Result<> check_key(std::string_view key);

struct ObjectName {
    std::string bucket;
    std::string key;

    std::string path() const { return bucket + "/" + key; }
    friend bool operator==(const ObjectName&, const ObjectName&) = default;
};

// Splits "BUCKET/KEY" at the first slash and checks both halves.
Result<ObjectName> parse_object_name(std::string_view text);

// True for well-formed UTF-8 (Unicode 15, table 3-7: no surrogates, no overlong forms, nothing past U+10FFFF).
bool is_utf8(std::string_view text);

}  // namespace inlay
