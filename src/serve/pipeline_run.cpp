// Begins steps, waits for calls, takes what has come of them.
#include "serve/pipeline_run.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/clock.hpp"
#include "base/hash.hpp"
#include "base/limits.hpp"
#include "run/conclusion.hpp"
#include "run/span.hpp"
#include "serve/invoke.hpp"
#include "serve/tracing.hpp"
#include "serve/worker.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
using registry::Each;
using registry::When;
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr uint64_t kMsNs = 1'000'000;
constexpr size_t kToldBytesMax = 200;  // Of a response that is a failure.

// What a commit says of an effect beside its content.
uint64_t name_bytes_of(const run::StagedEffect& staged) {
    const auto& effect = staged.effect;
    return effect.name.bucket.size() + effect.name.key.size() + effect.content_type.size();
}

// Of a guest; all else is no fault of one.
bool is_fault(Errc code) {
    return code == Errc::function_failed || code == Errc::function_trapped || code == Errc::function_timed_out || code == Errc::lane_lost ||
           code == Errc::input_is_read_only;
}

// What a failed response says, if it is a short text.
std::string told_by(const run::Response& response) {
    if (response.content.size() != 1 || response.content.front().pages) return {};
    auto text = response.content.front().text().substr(0, kToldBytesMax);
    return is_utf8(text) ? fmt::format(": {}", text) : std::string();
}

}  // namespace

PipelineRun::PipelineRun(Worker& worker, std::shared_ptr<const registry::Function> pipeline, const PipelineInput& input)
    : worker_(worker),
      pipeline_(std::move(pipeline)),
      plan_(*pipeline_->plan),
      content_(worker, input),
      children_(std::make_shared<Children>(worker, kStepsAtOnceMax,
                                           [this] {
                                               has_news_ = true;
                                               news_.cancel();
                                           })),
      news_(worker.executor()),
      steps_(plan_.steps.size()) {
    for (const auto& step : plan_.steps)
        for (size_t before : step.after) steps_[before].takers++;
    steps_[plan_.result].takers++;
    began_ns_ = monotonic_ns();
    terms_.id = worker.next_invocation_id();
    terms_.deadline_ns = began_ns_ + pipeline_->record.limits.timeout_ms * kMsNs;
    begin_trace(input.head, terms_);
}

PipelineRun::~PipelineRun() {
    children_->end();
    worker_.pipeline_bytes() -= kept_.small_bytes;
}

asio::awaitable<run::Outcome> PipelineRun::run() {
    run::Outcome outcome{.how = run::Unfinished{}};
    auto went = co_await go();
    children_->end();
    if (went.ok()) {
        auto completed = co_await conclude();
        if (completed.ok())
            outcome.how = std::move(completed).value();
        else
            went = std::move(completed).error();
    }
    if (!went.ok()) outcome.how = is_fault(went.error().code) ? run::How(run::Trapped{went.error()}) : run::How(run::Refused{went.error()});
    cost_.copied.body_head += content_.request_copied();
    cost_.run_us = (monotonic_ns() - began_ns_) / 1000;
    outcome.cost = cost_;
    outcome.spans = std::move(spans_);
    co_return outcome;
}

void PipelineRun::close_span(run::Outcome& outcome) const { run::close_span(outcome, pipeline_->record.name, terms_, began_ns_); }

asio::awaitable<Result<>> PipelineRun::go() {
    while (!has_ended()) {
        auto begun = co_await begin_again();
        if (begun.ok()) begun = co_await begin_steps();
        if (!begun.ok()) co_return begun;
        if (has_ended()) break;
        if (!has_news_) co_await wait();
        has_news_ = false;
        if (monotonic_ns() >= terms_.deadline_ns) co_return run::timed_out_error(pipeline_->record);
        while (auto news = children_->take())
            if (auto taken = take(std::move(*news)); !taken.ok()) co_return taken;
        note_ends();
        if (kept_.files > kPipelineFilesMax / 2) {
            if (auto together = co_await put_together(); !together.ok()) co_return together;
        }
    }
    co_return Result<>();
}

bool PipelineRun::has_ended() const {
    return std::all_of(steps_.begin(), steps_.end(), [](const StepState& state) { return state.has_ended(); });
}

// For news, the deadline, or the next call that is to be made again.
asio::awaitable<void> PipelineRun::wait() {
    uint64_t until_ns = terms_.deadline_ns;
    const bool has_room = under_way_.size() < kStepsAtOnceMax;
    if (has_room)
        for (const auto& again : again_) until_ns = std::min(until_ns, again.at_ns);
    news_.expires_at(std::chrono::steady_clock::time_point(std::chrono::nanoseconds(until_ns)));
    co_await news_.async_wait(kAwait);
}

// ---- What begins

asio::awaitable<Result<>> PipelineRun::begin_steps() {
    for (size_t step : plan_.order) {
        const auto& after = plan_.steps[step].after;
        const bool is_ready = std::all_of(after.begin(), after.end(), [this](size_t before) { return steps_[before].has_ended(); });
        if (!is_ready || steps_[step].has_ended()) continue;
        if (!steps_[step].prepared) {
            if (auto prepared = co_await prepare(step); !prepared.ok()) co_return prepared;
        }
        if (auto begun = co_await begin_calls(step); !begun.ok()) co_return begun;
    }
    co_return Result<>();
}

asio::awaitable<Result<>> PipelineRun::prepare(size_t number) {
    const auto& step = plan_.steps[number];
    auto& state = steps_[number];
    auto does_apply = applies(step.when);
    if (!does_apply.ok()) co_return std::move(does_apply).error();
    state.skipped = !*does_apply;
    if (!state.skipped) {
        auto items = co_await items_of(step);
        if (!items.ok()) co_return Error{items.error().code, fmt::format("step {:?}: {}", step.name, items.error().detail)};
        for (auto& item : *items) state.calls.push_back({.item = std::move(item)});
        auto given = co_await prepare_inputs(number);
        if (!given.ok()) co_return Error{given.error().code, fmt::format("step {:?}: {}", step.name, given.error().detail)};
    }
    state.prepared = true;
    co_return Result<>();
}

Result<bool> PipelineRun::applies(const When& when) const {
    if (when.kind == When::Kind::always) return true;
    if (when.kind == When::Kind::parameter) {
        INLAY_TRY(auto value, content_.parameter(when.parameter));
        return value == when.value;
    }
    const auto& state = steps_[when.step];
    if (when.kind == When::Kind::status)
        return std::any_of(state.calls.begin(), state.calls.end(), [&](const Call& call) { return call.result->response.status == when.status; });
    return (bytes_given(when.step) == 0) == (when.kind == When::Kind::is_empty);
}

asio::awaitable<Result<>> PipelineRun::begin_calls(size_t step) {
    auto& state = steps_[step];
    while (state.begun < state.calls.size() && under_way_.size() < kStepsAtOnceMax) {
        if (auto begun = co_await begin({step, state.begun}); !begun.ok()) co_return begun;
        state.begun++;
    }
    co_return Result<>();
}

asio::awaitable<Result<>> PipelineRun::begin_again() {
    const uint64_t now_ns = monotonic_ns();
    for (size_t i = 0; i < again_.size() && under_way_.size() < kStepsAtOnceMax;) {
        if (again_[i].at_ns > now_ns) {
            i++;
            continue;
        }
        const Place place = again_[i].place;
        again_.erase(again_.begin() + static_cast<std::ptrdiff_t>(i));
        worker_.counters().add(Counter::pipeline_retries);
        if (auto begun = co_await begin(place); !begun.ok()) co_return begun;
    }
    co_return Result<>();
}

asio::awaitable<Result<>> PipelineRun::begin(Place place) {
    const auto& step = plan_.steps[place.step];
    auto inputs = co_await inputs_of(place);
    if (!inputs.ok()) co_return Error{inputs.error().code, fmt::format("step {:?}: {}", label_of(place), inputs.error().detail)};
    auto query = content_.fill(step.query, PipelineContent::Form::query);
    if (!query.ok()) co_return std::move(query).error();
    if (query->size() > kCallQueryBytesMax) co_return Error{Errc::bad_request, fmt::format("step {:?}: its query is longer than kCallQueryBytesMax: give shorter parameters", step.name)};
    if (calls_ == kPipelineCallsMax) co_return Error{Errc::bad_request, fmt::format("step {:?}: its calls and those before it are more than kPipelineCallsMax ({}): make fewer and larger pieces", step.name, kPipelineCallsMax)};
    calls_++;
    run::Call call{mixed(terms_.id + ++ids_), step.function, std::move(query).value(), std::move(inputs).value()};
    run::CallTerms terms{terms_.deadline_ns, 1, kCallsMax / kChildCallsShare, terms_.trace, terms_.id};
    if (step.timeout_ms > 0) terms.deadline_ns = std::min(terms.deadline_ns, monotonic_ns() + step.timeout_ms * kMsNs);
    under_way_.emplace(call.id, place);
    steps_[place.step].calls[place.call].tries++;
    INLAY_CHECK(children_->begin(std::move(call), terms, pipeline_, true));  // There are fewer under way than it takes.
    co_return Result<>();
}

// ---- What ends

Result<> PipelineRun::take(Children::News news) {
    auto found = under_way_.find(news.id);
    if (found == under_way_.end() || !news.outcome) return {};
    const Place place = found->second;
    under_way_.erase(found);
    auto& outcome = *news.outcome;
    cost_.mapped_bytes += outcome.cost.mapped_bytes;
    cost_.copied.add(outcome.cost.copied);
    cost_.private_bytes += outcome.cost.private_bytes;
    cost_.instantiate_us += outcome.cost.instantiate_us;
    cost_.callees_ns += outcome.cost.cpu_ns;
    if (!outcome.spans.list.empty()) outcome.spans.list.back().step = label_of(place);
    spans_.add(std::move(outcome.spans));
    const auto error = error_of(plan_.steps[place.step], outcome);
    if (!error) return take_result(place, std::move(std::get<run::Completed>(outcome.how)));
    if (tries_again(place, *error, std::holds_alternative<run::Refused>(outcome.how))) return {};
    return Error{error->code, fmt::format("step {:?}: {}; see `inlay logs {}`", label_of(place), error->detail, plan_.steps[place.step].function)};
}

// nullopt: it is a result.
std::optional<Error> PipelineRun::error_of(const registry::Step& step, const run::Outcome& outcome) const {
    auto* completed = std::get_if<run::Completed>(&outcome.how);
    if (!completed) {
        auto error = run::failure_of(step.function, outcome);
        const bool perhaps_late = error.code == Errc::function_timed_out || error.code == Errc::overloaded;
        if (perhaps_late && step.timeout_ms > 0) error.detail += fmt::format(", or within the step's timeout_ms ({})", step.timeout_ms);
        return error;
    }
    const unsigned status = completed->response.status;
    const bool is_accepted = status < 400 || std::find(step.accepts.begin(), step.accepts.end(), status) != step.accepts.end();
    if (is_accepted) return std::nullopt;
    return Error{Errc::function_failed, fmt::format("function {:?} answered {}{}", step.function, status, told_by(completed->response))};
}

bool PipelineRun::tries_again(Place place, const Error& error, bool was_refused) {
    auto& call = steps_[place.step].calls[place.call];
    // Refused at a limit that its own others may be what fills it: it waits for these, and that is no try.
    const bool is_crowded = was_refused && (error.code == Errc::function_over_limit || error.code == Errc::overloaded) && !under_way_.empty();
    if (is_crowded) call.tries--, calls_--;
    const bool may_try = is_crowded || (call.tries <= plan_.steps[place.step].retries && error.code != Errc::function_not_found);
    if (may_try) again_.push_back({monotonic_ns() + (kStepRetryMs * kMsNs << (is_crowded ? 0 : call.tries - 1)), place});
    return may_try;
}

Result<> PipelineRun::take_result(Place place, run::Completed completed) {
    auto& state = steps_[place.step];
    auto& call = state.calls[place.call];
    if (state.takers == 0) completed.response.content.clear();
    if (auto kept = keep(completed.response); !kept.ok()) return Error{kept.error().code, fmt::format("step {:?}: {}", label_of(place), kept.error().detail)};
    effects_ += completed.effects.size();
    for (const auto& staged : completed.effects) name_bytes_ += name_bytes_of(staged);
    if (effects_ + (plan_.store ? 1 : 0) > kPipelinePublishesMax)
        return Error{Errc::function_failed, fmt::format("step {:?}: its steps publish more than kPipelinePublishesMax ({}) objects: publish fewer, or in several requests", label_of(place), kPipelinePublishesMax)};
    if (name_bytes_ > kPipelineNameBytesMax)
        return Error{Errc::function_failed, fmt::format("step {:?}: names of what its steps publish are more than kPipelineNameBytesMax ({}) bytes: publish fewer, or give them shorter names", label_of(place), kPipelineNameBytesMax)};
    call.result = std::move(completed);
    call.item = {};
    state.ended++;
    return {};
}

std::string PipelineRun::label_of(Place place) const {
    const auto& step = plan_.steps[place.step];
    return step.each.kind == Each::Kind::once ? step.name : fmt::format("{}[{}]", step.name, place.call);
}

}  // namespace inlay::serve
