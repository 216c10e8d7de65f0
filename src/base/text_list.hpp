// Lists of texts in one string, each ended by a zero byte: "PATH=/bin\0HOME=/\0". For what is stored and sent as it is.
#pragma once

#include <algorithm>
#include <string_view>

namespace inlay {

// Takes the first text off the list; the last one may lack its end. Requires: the list is not empty.
constexpr std::string_view take_text(std::string_view& list) {
    auto first = list.substr(0, list.find('\0'));
    list.remove_prefix(std::min(list.size(), first.size() + 1));
    return first;
}

}  // namespace inlay
