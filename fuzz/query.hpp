// What must hold for escapes and parameters on any bytes: the first line is a name, the rest a query.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/check.hpp"
#include "input_text.hpp"
#include "base/query.hpp"

namespace inlay::fuzz::query {

// Escapes every byte.
inline std::string percent_encode(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string encoded;
    for (char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        encoded += {'%', digits[byte >> 4], digits[byte & 15]};
    }
    return encoded;
}

inline void one_input(std::span<const uint8_t> input) {
    const auto bytes = as_text(input);
    const auto name = bytes.substr(0, bytes.find('\n'));
    const auto query = bytes.substr(name.size() == bytes.size() ? name.size() : name.size() + 1);

    for (Plus plus : {Plus::literal, Plus::space}) {
        auto decoded = percent_decode(query, plus);
        INLAY_CHECK(decoded.ok() || decoded.error().code == Errc::bad_request);
        if (!decoded.ok()) continue;
        INLAY_CHECK(decoded->size() <= query.size());
        auto again = percent_decode(percent_encode(*decoded), plus);
        INLAY_CHECK(again.ok() && *again == *decoded);
    }
    auto found = find_parameter(query, name);
    INLAY_CHECK(found.ok() || found.error().code == Errc::bad_request);
    const auto value = percent_encode(query);
    auto planted = find_parameter(percent_encode(name) + "=" + value + "&" + std::string(query), name);
    INLAY_CHECK(planted.ok() && *planted == std::optional<std::string>(query));

    const auto number = parse_u64(query);
    INLAY_CHECK(!number || query.ends_with(std::to_string(*number)));
}

}  // namespace inlay::fuzz::query
