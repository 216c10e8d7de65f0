// Runs a function for a request and turns its outcome into a reply.
#include "serve/answers.hpp"
#include "serve/commit.hpp"
#include "serve/invoke.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
namespace {

Reply reply_of(run::Completed& completed) {
    Reply reply;
    reply.status = completed.response.status;
    reply.fields = std::move(completed.response.fields);
    reply.content = std::move(completed.response.content);
    if (!completed.response.has_content_type && !reply.content.empty())
        reply.add_field("Content-Type", "application/octet-stream");
    return reply;
}

}  // namespace

asio::awaitable<Reply> answer_invoke(Worker& worker, const InvokeRoute& route, const Arrival& arrival) {
    worker.counters().add(Counter::requests_invoke);
    auto invoked = co_await invoke(worker, route.function, route.rest, arrival);
    if (!invoked.ok()) co_return problem_reply(invoked.error());
    run::Outcome& outcome = *invoked;
    auto* completed = std::get_if<run::Completed>(&outcome.how);
    if (completed && !completed->effects.empty()) {
        auto committed = co_await commit(worker, staged_effects(*completed));
        if (committed.ok())
            outcome.cost.copied.fallback += committed->copied_bytes;
        else
            outcome.how = run::Refused{std::move(committed).error()};
        completed = std::get_if<run::Completed>(&outcome.how);
    }
    count(worker.counters(), outcome);
    Reply reply = completed ? reply_of(*completed) : problem_reply(error_of(route.function, outcome));
    if (wants_cost(arrival.head)) reply.add_field("Inlay-Cost", cost_text(outcome.cost));
    co_return reply;
}

}  // namespace inlay::serve
