// Which methods each route has.
#include <fmt/format.h>

#include "serve/answers.hpp"

namespace inlay::serve {
namespace {

bool reads(Method method) { return method == Method::get || method == Method::head; }
bool writes(Method method) { return method == Method::put || method == Method::delete_; }
bool is_writable(const Route& route) {
    return std::holds_alternative<ObjectRoute>(route) || std::holds_alternative<FunctionRoute>(route);
}
std::string_view allowed_methods(const Route& route) { return is_writable(route) ? "GET, HEAD, PUT, DELETE" : "GET, HEAD"; }

}  // namespace

std::optional<Error> check_method(const Route& route, const RequestHead& head) {
    if (std::holds_alternative<InvokeRoute>(route) || reads(head.method)) return std::nullopt;
    if (is_writable(route) && writes(head.method)) return std::nullopt;
    return Error{Errc::method_not_allowed,
                 fmt::format("{} is not allowed here: use one of {}", head.method_text, allowed_methods(route))};
}

Reply problem_of_route(const Error& error, const Route& route) {
    auto reply = problem_reply(error);
    if (error.code == Errc::method_not_allowed) reply.add_field("Allow", allowed_methods(route));
    return reply;
}

bool is_write(const Route& route, const RequestHead& head) {
    return !std::holds_alternative<InvokeRoute>(route) && writes(head.method);
}

}  // namespace inlay::serve
