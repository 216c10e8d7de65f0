// Result<T>: a value or an Error, for everything that may fail for reasons outside of our code.
//
//     Result<Fd> create_memfd(size_t size);
//     INLAY_TRY(auto fd, create_memfd(4096));   // returns the error to our caller, or names the value
//
// A fault of a guest is not an Error: see run/outcome.hpp. A bug of ours is INLAY_CHECK.
#pragma once

#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/check.hpp"
#include "base/errc.hpp"

namespace inlay {

struct Error {
    Errc code = Errc::internal;
    std::string detail;  // What happened, to which thing, and what to do next. Ends without a full stop.

    friend bool operator==(const Error&, const Error&) = default;
};

// An Error for a failed system call: ENOSPC and EDQUOT become no_space, everything else io_error.
Error os_error(std::string what, int os_errno = errno);

template <class T = std::monostate>
class [[nodiscard]] Result {
  public:
    Result() requires std::is_default_constructible_v<T> : state_(std::in_place_index<0>) {}
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }

    // Requires: ok().
    T& value() & { INLAY_CHECK(ok()); return *std::get_if<0>(&state_); }
    const T& value() const& { INLAY_CHECK(ok()); return *std::get_if<0>(&state_); }
    T&& value() && { INLAY_CHECK(ok()); return std::move(*std::get_if<0>(&state_)); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    T& operator*() & { return value(); }
    T&& operator*() && { return std::move(*this).value(); }

    // Requires: !ok().
    const Error& error() const& { INLAY_CHECK(!ok()); return *std::get_if<1>(&state_); }
    Error&& error() && { INLAY_CHECK(!ok()); return std::move(*std::get_if<1>(&state_)); }

  private:
    std::variant<T, Error> state_;
};

}  // namespace inlay

#define INLAY_CONCAT_(a, b) a##b
#define INLAY_CONCAT(a, b) INLAY_CONCAT_(a, b)

// A statement, not an expression: `({ })` leaks on g++ 12 inside braced initialisers.
#define INLAY_TRY(declaration, ...) INLAY_TRY_(INLAY_CONCAT(try_, __LINE__), declaration, __VA_ARGS__)
#define INLAY_TRY_(name, declaration, ...)                   \
    auto name = (__VA_ARGS__);                               \
    if (!name.ok()) return std::move(name).error();          \
    declaration = std::move(name).value()

// The same for a Result whose value nobody needs.
#define INLAY_TRY_VOID(...)                                                           \
    if (auto INLAY_CONCAT(try_, __LINE__) = (__VA_ARGS__); !INLAY_CONCAT(try_, __LINE__).ok()) \
        return std::move(INLAY_CONCAT(try_, __LINE__)).error()
