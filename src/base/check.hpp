// INLAY_CHECK: what must hold unless our own code is wrong. Kept in release; never used on bytes from outside.
#pragma once

namespace inlay {

// Prints the broken condition and aborts; the supervisor replaces the process.
[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace inlay

#define INLAY_CHECK(condition) \
    (__builtin_expect(static_cast<bool>(condition), 1) ? void() : ::inlay::check_failed(#condition, __FILE__, __LINE__))
