// Which methods each route has.
#include <fmt/format.h>

#include "serve/answers.hpp"

namespace inlay::serve {
namespace {

bool reads(Method method) { return method == Method::get || method == Method::head; }
bool writes(Method method) { return method == Method::put || method == Method::delete_; }

}  // namespace

std::optional<Error> check_method(const Route& route, const RequestHead& head) {
    if (std::holds_alternative<InvokeRoute>(route)) return std::nullopt;
    bool writable = std::holds_alternative<ObjectRoute>(route) || std::holds_alternative<FunctionRoute>(route);
    if (reads(head.method) || (writable && writes(head.method))) return std::nullopt;
    return Error{Errc::method_not_allowed,
                 fmt::format("{} is not allowed here: use {}", head.method_text, writable ? "GET, HEAD, PUT or DELETE" : "GET or HEAD")};
}

bool is_write(const Route& route, const RequestHead& head) {
    return !std::holds_alternative<InvokeRoute>(route) && writes(head.method);
}

}  // namespace inlay::serve
