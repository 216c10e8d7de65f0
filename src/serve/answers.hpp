// Answers: what is done for each kind of request, between its arrival and its reply.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "run/request.hpp"
#include "serve/reply.hpp"
#include "serve/request_head.hpp"
#include "serve/route.hpp"
#include "serve/worker.hpp"

namespace inlay::serve {

class ClientStream;

// A request that has arrived whole. Valid until: its reply is sent.
struct Arrival {
    const RequestHead& head;
    const run::Body& body;
    const std::shared_ptr<const registry::Function>& function;  // That was admitted, for an invocation; nullptr: there is none of that name.
    std::string_view through;  // A PUT's content goes through this function; empty: through none.
    uint64_t begun = 0;        // By this number the supervisor knows the content already; 0: it does not.
};

// Refuses methods that a route does not have, before any content is received. nullopt: go on.
std::optional<Error> check_method(const Route& route, const RequestHead& head);
// The problem as a reply, with Allow where the method is what is wrong.
Reply problem_of_route(const Error& error, const Route& route);
// True for requests that change something durable.
bool is_write(const Route& route, const RequestHead& head);

// The function through which a request's content goes on its way to an object; empty: none. Errors: bad_request.
Result<std::string> through_of(const Route& route, const RequestHead& head);

// Runs the function and commits its effects.
boost::asio::awaitable<Reply> answer_invoke(Worker& worker, const InvokeRoute& route, const Arrival& arrival);

// Runs the function while its body comes. nullopt: its response has been sent, or begun and cut off.
boost::asio::awaitable<std::optional<Reply>> answer_stream(Worker& worker, std::shared_ptr<const registry::Function> function,
                                                           const InvokeRoute& route, const RequestHead& head, ClientStream& stream);

// GET, HEAD, PUT, DELETE of one object.
boost::asio::awaitable<Reply> answer_object(Worker& worker, const ObjectRoute& route, const Arrival& arrival);

// The writes among these.
boost::asio::awaitable<Reply> write_object(Worker& worker, const ObjectRoute& route, const Arrival& arrival);

// Listings, deployments, logs, health and metrics.
boost::asio::awaitable<Reply> answer_control(Worker& worker, const Route& route, const Arrival& arrival);

}  // namespace inlay::serve
