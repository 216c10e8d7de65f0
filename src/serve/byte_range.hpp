// Reads a Range field against the size of what it asks for.
#pragma once

#include <cstdint>
#include <string_view>

namespace inlay {

struct ByteRange {
    enum class Kind {
        whole,          // Send everything, as without a Range: absent, another unit, several ranges, or malformed.
        part,           // Send `length` bytes from `first`: 206.
        unsatisfiable,  // 416.
    };
    Kind kind = Kind::whole;
    uint64_t first = 0;   // With part: first < size.
    uint64_t length = 0;  // With part: 1 <= length <= size - first.

    friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// One range of RFC 9110, section 14.1.2: "bytes=F-L", "bytes=F-", "bytes=-N". Numbers of any length are understood. The
// last N bytes of an empty object are the whole of it, since no 206 can describe them.
ByteRange parse_byte_range(std::string_view header, uint64_t size) noexcept;

}  // namespace inlay
