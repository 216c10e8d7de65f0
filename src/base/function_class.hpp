// The class of a function: where its invocations begin.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace inlay {

enum class FunctionClass : uint8_t {
    automatic,  // In its worker; in a lane at once after it has overrun its budget there, for a while.
    express,    // In its worker, always; in a lane only what overruns.
    heavy,      // In a lane.
    pipeline,   // It is a plan of steps: each begins where its own function says.
};

// As deploys and listings write it.
inline constexpr std::array<std::string_view, 4> kFunctionClassNames = {"auto", "express", "heavy", "pipeline"};

constexpr std::string_view name_of(FunctionClass one) noexcept { return kFunctionClassNames[static_cast<size_t>(one)]; }

// nullopt: no such class.
constexpr std::optional<FunctionClass> parse_function_class(std::string_view name) noexcept {
    for (size_t i = 0; i < kFunctionClassNames.size(); i++)
        if (kFunctionClassNames[i] == name) return static_cast<FunctionClass>(i);
    return std::nullopt;
}

}  // namespace inlay
