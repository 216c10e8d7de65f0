// A fuzzer's bytes as the text that our readers take.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace inlay::fuzz {

inline std::string_view as_text(std::span<const uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace inlay::fuzz
