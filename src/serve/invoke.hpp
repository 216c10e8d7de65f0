// Invoke: runs a function for a request, in as many attempts and in whichever process it takes.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>
#include <string_view>

#include "run/outcome.hpp"
#include "serve/answers.hpp"
#include "serve/client_stream.hpp"
#include "serve/lanes.hpp"

namespace inlay::serve {

// One invocation. Most end with their first attempt, and cost no coroutine.
class Attempts {
  public:
    // Requires: `arrival` lives as long.
    Attempts(Worker& worker, std::string_view rest, const Arrival& arrival);
    // Of a call. Requires: what the request views lives as long.
    Attempts(Worker& worker, run::Request request, std::shared_ptr<const registry::Function> function);
    Attempts(const Attempts&) = delete;
    Attempts& operator=(const Attempts&) = delete;

    // Finds the function and runs the first attempt, where that is done in the worker. Errors: function_not_found, overloaded,
    // draining, io_error.
    Result<> begin(std::string_view function);
    // The same of a call, which its caller's terms bind. `where` lives as long.
    void begin_call(uint64_t id, const run::CallTerms& terms, LaneRun* where);
    // go_on() is needed.
    bool unfinished() const { return std::holds_alternative<run::Unfinished>(outcome.how); }
    // Runs it to its end, in as many attempts as it takes, here or in a lane.
    boost::asio::awaitable<void> go_on();

    // Adds what a trace says of it to its outcome, where it is traced. Requires: it has ended.
    void close_span();
    const run::Terms& terms() const { return terms_; }

    // Its effects are staged, not committed; its log lines are on their way, its cost is not counted yet.
    run::Outcome outcome{.how = run::Unfinished{}};

  private:
    void begin_here();
    bool tries_again() const;
    void run_here();
    void account_here();
    boost::asio::awaitable<void> run_in_turn();
    boost::asio::awaitable<void> run_in_lane();

    Worker& worker_;
    run::Request request_;
    std::shared_ptr<const registry::Function> function_;
    run::Terms terms_;
    const RequestHead* head_ = nullptr;  // Of no call.
    uint64_t began_ns_ = 0;              // Where it is traced.
    bool waits_for_turn_ = false;
    LaneRun* where_ = nullptr;
};

// Whether an invocation would begin in this worker, now.
bool may_run_here(Worker& worker, const registry::Function& function);

// The same for a function that takes the body and gives the response piece by piece: on a fiber here, or in a lane, to which it moves
// only before it has taken or given anything.
struct StreamEnd {
    run::Outcome outcome;
    run::Terms terms;
    uint64_t began_ns = 0;
};
boost::asio::awaitable<StreamEnd> invoke_stream(Worker& worker, std::shared_ptr<const registry::Function> function,
                                                   std::string_view rest, const RequestHead& head, ClientStream& stream);

// Adds an invocation whose effects have taken place, or did not, to the worker's counters.
void count(CounterBlock& counters, const run::Outcome& outcome);

// What a client is told of an invocation that did not complete. Requires: it did not.
Error error_of(std::string_view function, const run::Outcome& outcome);

// The field for clients that ask for it, in the head, or behind the last chunk of a stream.
inline constexpr std::string_view kCostField = "Inlay-Cost";
bool wants_cost(const RequestHead& head);
std::string cost_text(const run::Cost& cost);

}  // namespace inlay::serve
