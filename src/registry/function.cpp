// Reads a function's environment.
#include "registry/function.hpp"

namespace inlay::registry {

std::optional<std::string_view> Function::environment(std::string_view name) const {
    std::string_view rest = record.env;
    while (!rest.empty()) {
        std::string_view pair = rest.substr(0, rest.find('\0'));
        size_t equals = pair.find('=');
        if (equals != pair.npos && pair.substr(0, equals) == name) return pair.substr(equals + 1);
        rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    }
    return std::nullopt;
}

}  // namespace inlay::registry
