// Limits as text, for the catalog and for people.
#include "base/function_limits.hpp"

#include <fmt/format.h>

#include <charconv>

namespace inlay {

std::string format_limits(const FunctionLimits& limits) {
    std::string text;
    for (const auto& row : kFunctionLimits) text += fmt::format("{}{}={}", text.empty() ? "" : " ", row.name, limits.*row.value);
    return text;
}

FunctionLimits parse_limits(std::string_view text) {
    FunctionLimits limits;
    while (!text.empty()) {
        std::string_view one = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(text.size(), one.size() + 1));
        size_t equals = std::min(one.find('='), one.size());
        const auto* row = find_function_limit(one.substr(0, equals));
        uint64_t value = 0;
        auto read = std::from_chars(one.data() + std::min(equals + 1, one.size()), one.data() + one.size(), value);
        bool whole = read.ec == std::errc() && read.ptr == one.data() + one.size();
        if (row && whole && value >= 1) limits.*row->value = std::min(value, row->max);
    }
    return limits;
}

}  // namespace inlay
