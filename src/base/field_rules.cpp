// Compares field names, and knows which of them belong to the server.
#include "base/field_rules.hpp"

namespace inlay {
namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

constexpr std::string_view kHostPrefix = "inlay-";
constexpr std::array<std::string_view, 10> kHostNames{
    "connection", "keep-alive", "proxy-connection",  "content-length", "date",
    "te",         "trailer",    "transfer-encoding", "upgrade",        "traceparent",
};

}  // namespace

bool is_field_value(std::string_view text) noexcept {
    return all_bytes(text, kValueByte) && (text.empty() || (!is_blank(text.front()) && !is_blank(text.back())));
}

std::string_view take_list_element(std::string_view& list) noexcept {
    const size_t comma = list.find(',');
    const auto element = list.substr(0, comma);
    list.remove_prefix(comma == list.npos ? list.size() : comma + 1);
    return trim_blanks(element);
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); i++)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

bool is_host_owned(std::string_view name) noexcept {
    if (equal_ignoring_case(name.substr(0, kHostPrefix.size()), kHostPrefix)) return true;
    for (auto owned : kHostNames)
        if (equal_ignoring_case(name, owned)) return true;
    return false;
}

}  // namespace inlay
