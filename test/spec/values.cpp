// Reads and compares the values of scripts, bit by bit.
#include "values.hpp"

#include <cstring>
#include <string>

namespace inlay::spec {
namespace {

using nlohmann::json;

// A number as it is written: signed integers in decimal, floats as their bits.
uint64_t bits_of(const json& written) {
    const auto& text = written.get_ref<const std::string&>();
    return text.starts_with('-') ? static_cast<uint64_t>(std::stoll(text)) : std::stoull(text);
}

size_t width_of(const std::string& type) {
    if (type == "i8") return 1;
    if (type == "i16") return 2;
    return type == "i32" || type == "f32" ? 4 : 8;
}

// Whether the bits are those written, or one of the NaNs that a pattern stands for.
bool matches_number(uint64_t bits, size_t width, const json& written) {
    bool is_canonical = written == "nan:canonical";
    if (!is_canonical && written != "nan:arithmetic") {
        uint64_t mask = width == 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * width)) - 1;
        return bits == (bits_of(written) & mask);
    }
    uint64_t quiet = width == 4 ? 0x7fc0'0000 : 0x7ff8'0000'0000'0000;
    uint64_t sign = uint64_t{1} << (8 * width - 1);
    return is_canonical ? (bits & ~sign) == quiet : (bits & quiet) == quiet;
}

uint64_t bits_at(const void* at, size_t width) {
    uint64_t bits = 0;
    std::memcpy(&bits, at, width);
    return bits;
}

bool matches_lanes(const wasmtime_v128& actual, const json& expected) {
    size_t width = width_of(expected["lane_type"]);
    for (size_t i = 0; i < 16 / width; i++)
        if (!matches_number(bits_at(actual + i * width, width), width, expected["value"][i])) return false;
    return true;
}

// Without a value it is any reference of its type that is not null.
bool is_null(const json& reference) {
    const std::string type = reference["type"];
    return type.find("null") != std::string::npos || reference.value("value", "") == "null";
}

bool matches_any(const wasmtime_val_raw_t& actual, const json& alternatives) {
    for (const auto& one : alternatives)
        if (matches(actual, one)) return true;
    return false;
}

}  // namespace

bool is_reference(std::string_view type) { return type.starts_with("ref") || type.ends_with("ref"); }

std::optional<wasmtime_val_raw_t> value_of(const json& written) {
    const std::string type = written["type"];
    wasmtime_val_raw_t value{};
    if (is_reference(type)) return is_null(written) ? std::optional(value) : std::nullopt;
    if (type == "v128") {
        size_t width = width_of(written["lane_type"]);
        for (size_t i = 0; i < 16 / width; i++) {
            uint64_t bits = bits_of(written["value"][i]);
            std::memcpy(value.v128 + i * width, &bits, width);
        }
        return value;
    }
    uint64_t bits = bits_of(written["value"]);
    std::memcpy(&value, &bits, width_of(type));
    return value;
}

bool matches(const wasmtime_val_raw_t& actual, const json& expected) {
    const std::string type = expected["type"];
    if (type == "either") return matches_any(actual, expected["values"]);
    if (type == "v128") return matches_lanes(actual.v128, expected);
    if (is_reference(type)) return (actual.funcref == nullptr) == is_null(expected);
    return matches_number(bits_at(&actual, width_of(type)), width_of(type), expected["value"]);
}

}  // namespace inlay::spec
