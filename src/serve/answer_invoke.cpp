// Runs a function for a request and turns its outcome into a reply.
#include "run/span.hpp"
#include "serve/answers.hpp"
#include "serve/commit.hpp"
#include "serve/invoke.hpp"
#include "serve/pipeline_run.hpp"
#include "serve/tracing.hpp"

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

bool has_effects(const run::Outcome& outcome) {
    auto* completed = std::get_if<run::Completed>(&outcome.how);
    return completed && !completed->effects.empty();
}

Reply reply_to(const InvokeRoute& route, const RequestHead& head, run::Outcome& outcome) {
    auto* completed = std::get_if<run::Completed>(&outcome.how);
    Reply reply = completed ? reply_of(*completed) : problem_reply(error_of(route.function, outcome));
    if (wants_cost(head)) reply.add_field(kCostField, cost_text(outcome.cost));
    return reply;
}

// The same of a pipeline: its error names the step.
Reply reply_to(const RequestHead& head, run::Outcome& outcome) {
    auto* completed = std::get_if<run::Completed>(&outcome.how);
    Reply reply = completed ? reply_of(*completed) : problem_reply(run::failure_of("", outcome));
    if (wants_cost(head)) reply.add_field(kCostField, cost_text(outcome.cost));
    return reply;
}

// A coroutine of its own: what it holds lies in no frame of a function's request.
asio::awaitable<Reply> answer_pipeline(Worker& worker, const InvokeRoute& route, const Arrival& arrival) {
    worker.counters().add(Counter::pipeline_runs);
    PipelineRun run(worker, arrival.function, {route.rest, arrival.head, arrival.body});
    auto outcome = co_await run.run();
    if (has_effects(outcome)) co_await commit_staged(worker, outcome);
    run.close_span(outcome);
    count(worker.counters(), outcome);
    Reply reply = reply_to(arrival.head, outcome);
    end_trace(worker, run.terms(), outcome, &reply);
    co_return reply;
}

}  // namespace

asio::awaitable<Reply> answer_invoke(Worker& worker, const InvokeRoute& route, const Arrival& arrival) {
    worker.counters().add(Counter::requests_invoke);
    if (arrival.function && arrival.function->plan) co_return co_await answer_pipeline(worker, route, arrival);
    Attempts attempts(worker, route.rest, arrival);
    auto begun = attempts.begin(route.function);
    if (!begun.ok()) co_return problem_reply(begun.error());
    if (attempts.unfinished()) co_await attempts.go_on();
    if (has_effects(attempts.outcome)) co_await commit_staged(worker, attempts.outcome);
    attempts.close_span();
    count(worker.counters(), attempts.outcome);
    Reply reply = reply_to(route, arrival.head, attempts.outcome);
    end_trace(worker, attempts.terms(), attempts.outcome, &reply);
    co_return reply;
}

asio::awaitable<std::optional<Reply>> answer_stream(Worker& worker, std::shared_ptr<const registry::Function> function,
                                                    const InvokeRoute& route, const RequestHead& head, ClientStream& stream) {
    worker.counters().add(Counter::requests_invoke);
    auto [outcome, terms, began_ns] = co_await invoke_stream(worker, function, route.rest, head, stream);
    // What the guest did with half of a request, or for a client that is gone, does not count.
    if (auto failure = stream.told_failure()) outcome.how = run::Refused{std::move(*failure)};
    if (has_effects(outcome)) co_await commit_staged(worker, outcome);
    run::close_span(outcome, function->record.name, terms, began_ns);
    count(worker.counters(), outcome);
    bool completed = std::holds_alternative<run::Completed>(outcome.how);
    if (stream.began() && completed) co_await stream.finish(outcome.cost);
    bool whole = completed && (stream.finished() || !stream.began());
    worker.counters().add(whole ? Counter::streams_completed : Counter::streams_broken);
    if (stream.began() && !completed) stream.cut();
    std::optional<Reply> reply;
    if (!stream.began()) reply = reply_to(route, head, outcome);
    end_trace(worker, terms, outcome, reply ? &*reply : nullptr);
    co_return reply;
}

}  // namespace inlay::serve
