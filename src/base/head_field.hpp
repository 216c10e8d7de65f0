// HeadField: one field of a message's head, where it lies.
#pragma once

#include <string_view>

namespace inlay {

// Valid until: the bytes of the head end or move.
struct HeadField {
    std::string_view name;   // As sent; compare without case.
    std::string_view value;  // Without blanks at its ends; may be empty.
};

}  // namespace inlay
