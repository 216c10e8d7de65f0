// FunctionLimits: what one function may take. One table says name, default, bounds and unit of each; deploys, the catalog,
// listings and messages all go by it.
//
// An invocation that meets one ends, is refused or is told so; docs/security.md says which. They are a function's own: a tenant's would be
// the same value once more, beside it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/limits.hpp"

namespace inlay {

struct FunctionLimits {
    uint64_t timeout_ms = kTimeoutMsDefault;
    uint64_t cpu_ms = kTimeoutMsMax;
    uint64_t memory_bytes = kMemoryBytesDefault;
    uint64_t private_bytes = kMemoryBytesMax;
    uint64_t windows = kWindowsMax;
    uint64_t output_bytes = kOutputBytesMax;
    uint64_t log_bytes = kLogBytesPerInvocationMax;
    uint64_t publishes = kPublishesMax;
    uint64_t concurrency = kConcurrencyDefault;
    uint64_t rate = kRateMax;
    uint64_t lanes = kLanesPerWorkerMax;

    friend bool operator==(const FunctionLimits&, const FunctionLimits&) = default;
};

enum class LimitUnit : uint8_t { count, bytes, milliseconds };

struct FunctionLimitRow {
    std::string_view name;  // As deploys and listings write it.
    uint64_t FunctionLimits::*value;
    uint64_t max;           // The least is 1.
    LimitUnit unit;
    std::string_view bounds;
};

inline constexpr std::array<FunctionLimitRow, 11> kFunctionLimits{{
    {"timeout_ms", &FunctionLimits::timeout_ms, kTimeoutMsMax, LimitUnit::milliseconds, "time of one invocation"},
    {"cpu_ms", &FunctionLimits::cpu_ms, kTimeoutMsMax, LimitUnit::milliseconds, "processor time of one invocation"},
    {"memory_bytes", &FunctionLimits::memory_bytes, kMemoryBytesMax, LimitUnit::bytes, "its own memory; windows count apart"},
    {"private_bytes", &FunctionLimits::private_bytes, kMemoryBytesMax, LimitUnit::bytes, "private windows at once; they are its own memory too"},
    {"windows", &FunctionLimits::windows, kWindowsMax, LimitUnit::count, "windows at once"},
    {"output_bytes", &FunctionLimits::output_bytes, kOutputBytesMax, LimitUnit::bytes, "outputs of one invocation"},
    {"log_bytes", &FunctionLimits::log_bytes, kLogBytesPerInvocationMax, LimitUnit::bytes, "log lines of one invocation"},
    {"publishes", &FunctionLimits::publishes, kPublishesMax, LimitUnit::count, "objects that one invocation publishes"},
    {"concurrency", &FunctionLimits::concurrency, kConcurrencyMax, LimitUnit::count, "invocations at once, in all workers"},
    {"rate", &FunctionLimits::rate, kRateMax, LimitUnit::count, "invocations that begin in a second, in all workers"},
    {"lanes", &FunctionLimits::lanes, kLanesPerWorkerMax, LimitUnit::count, "lanes at once, of one worker"},
}};

// nullptr: there is no such limit.
constexpr const FunctionLimitRow* find_function_limit(std::string_view name) noexcept {
    for (const auto& row : kFunctionLimits)
        if (row.name == name) return &row;
    return nullptr;
}

// Whether every one is from 1 to its maximum.
constexpr bool are_within_bounds(const FunctionLimits& limits) noexcept {
    for (const auto& row : kFunctionLimits)
        if (limits.*row.value == 0 || limits.*row.value > row.max) return false;
    return true;
}

// "timeout_ms=30000 cpu_ms=900000 ...": all of them, in the table's order.
std::string format_limits(const FunctionLimits& limits);
// What such a text does not say, or says wrong, is the default.
FunctionLimits parse_limits(std::string_view text);

}  // namespace inlay
