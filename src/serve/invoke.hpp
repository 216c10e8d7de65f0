// Invoke: runs a function for a request, in as many attempts and in whichever process it takes.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <string>
#include <string_view>

#include "run/outcome.hpp"
#include "serve/answers.hpp"
#include "serve/client_stream.hpp"

namespace inlay::serve {

// Its effects are staged, not committed; its log lines are on their way, its cost is not counted yet. Errors: function_not_found,
// overloaded, draining, io_error.
boost::asio::awaitable<Result<run::Outcome>> invoke(Worker& worker, std::string_view function, std::string_view rest, const Arrival& arrival);

// The same for a function that takes the body and gives the response piece by piece: once, in a lane.
boost::asio::awaitable<run::Outcome> invoke_stream(Worker& worker, std::shared_ptr<const registry::Function> function,
                                                   std::string_view rest, const RequestHead& head, ClientStream& stream);

// Adds an invocation whose effects have taken place, or did not, to the worker's counters.
void count(CounterBlock& counters, const run::Outcome& outcome);

// What a client is told of an invocation that did not complete. Requires: it did not.
Error error_of(std::string_view function, const run::Outcome& outcome);

// The field Inlay-Cost, for clients that ask for it.
bool wants_cost(const RequestHead& head);
std::string cost_text(const run::Cost& cost);

}  // namespace inlay::serve
