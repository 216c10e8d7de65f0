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
#include "serve/gather.hpp"
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
      children_(std::make_shared<Children>(worker, pipeline_, kStepsAtOnceMax,
                                           [this] {
                                               has_news_ = true;
                                               news_.cancel();
                                           })),
      news_(worker.executor()),
      steps_(plan_.steps.size()) {
    began_ns_ = monotonic_ns();
    terms_.id = worker.next_invocation_id();
    terms_.deadline_ns = began_ns_ + pipeline_->record.limits.timeout_ms * kMsNs;
    begin_trace(input.head, terms_);
}

PipelineRun::~PipelineRun() { children_->end(); }

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
    // What the world refused is no fault of a step.
    if (!went.ok()) {
        const bool is_refusal = traits(went.error().code).http_status == 503 || went.error().code == Errc::function_over_limit;
        outcome.how = is_refusal ? run::How(run::Refused{went.error()}) : run::How(run::Trapped{went.error()});
    }
    cost_.run_us = (monotonic_ns() - began_ns_) / 1000;
    outcome.cost = cost_;
    outcome.spans = std::move(spans_);
    run::close_span(outcome, pipeline_->record.name, terms_, began_ns_);
    co_return outcome;
}

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
        for (auto& item : *items) state.calls.push_back({std::move(item), 0, std::nullopt});
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
    const bool is_empty = bytes_of(results_of(when.step)) == 0;
    return is_empty == (when.kind == When::Kind::is_empty);
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
    if (query->size() > kCallQueryBytesMax) co_return Error{Errc::bad_request, fmt::format("step {:?}: its query is longer than kCallQueryBytesMax", step.name)};
    run::Call call{mixed(terms_.id + ++calls_), step.function, std::move(query).value(), std::move(inputs).value()};
    run::CallTerms terms{terms_.deadline_ns, 1, kCallsMax / kChildCallsShare, terms_.trace, terms_.id};
    if (step.timeout_ms > 0) terms.deadline_ns = std::min(terms.deadline_ns, monotonic_ns() + step.timeout_ms * kMsNs);
    under_way_.emplace(call.id, place);
    steps_[place.step].calls[place.call].tries++;
    INLAY_CHECK(children_->begin(std::move(call), terms, true));  // There are fewer under way than it takes.
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
    cost_.cpu_ns += outcome.cost.cpu_ns;
    if (!outcome.spans.list.empty()) outcome.spans.list.back().step = label_of(place);
    spans_.add(std::move(outcome.spans));
    const auto error = error_of(plan_.steps[place.step], outcome);
    if (!error) return take_result(place, std::move(std::get<run::Completed>(outcome.how)));
    if (tries_again(place, *error)) return {};
    return Error{error->code, fmt::format("step {:?}: {}; see `inlay logs {}`", label_of(place), error->detail, plan_.steps[place.step].function)};
}

// nullopt: it is a result.
std::optional<Error> PipelineRun::error_of(const registry::Step& step, const run::Outcome& outcome) const {
    auto* completed = std::get_if<run::Completed>(&outcome.how);
    auto* trapped = std::get_if<run::Trapped>(&outcome.how);
    if (trapped && trapped->error.code == Errc::function_timed_out && step.timeout_ms > 0)
        return Error{Errc::function_timed_out, fmt::format("{}, or within the step's timeout_ms ({})", trapped->error.detail, step.timeout_ms)};
    if (!completed) return run::failure_of(step.function, outcome);
    const unsigned status = completed->response.status;
    const bool is_accepted = status < 400 || std::find(step.accepts.begin(), step.accepts.end(), status) != step.accepts.end();
    if (is_accepted) return std::nullopt;
    return Error{Errc::function_failed, fmt::format("function {:?} answered {}{}", step.function, status, told_by(completed->response))};
}

bool PipelineRun::tries_again(Place place, const Error& error) {
    const auto& call = steps_[place.step].calls[place.call];
    if (call.tries > plan_.steps[place.step].retries || error.code == Errc::function_not_found) return false;
    again_.push_back({monotonic_ns() + (kStepRetryMs * kMsNs << (call.tries - 1)), place});
    return true;
}

Result<> PipelineRun::take_result(Place place, run::Completed completed) {
    auto& state = steps_[place.step];
    auto& call = state.calls[place.call];
    small_bytes_ += small_pieces(completed.response.content).bytes;
    effects_ += completed.effects.size();
    if (small_bytes_ > kPipelineSmallBytesMax)
        return Error{Errc::overloaded, fmt::format("step {:?}: what its calls gave back in small pieces is more than kPipelineSmallBytesMax ({}): let them "
                                                    "answer with output windows", label_of(place), kPipelineSmallBytesMax)};
    if (effects_ + (plan_.store ? 1 : 0) > kPipelinePublishesMax)
        return Error{Errc::function_failed, fmt::format("step {:?}: its steps publish more than kPipelinePublishesMax ({}) objects", label_of(place), kPipelinePublishesMax)};
    call.result = std::move(completed);
    call.item = {};
    state.ended++;
    return {};
}

std::string PipelineRun::label_of(Place place) const {
    const auto& step = plan_.steps[place.step];
    return step.each.kind == Each::Kind::once ? step.name : fmt::format("{}[{}]", step.name, place.call);
}

// ---- What comes of all

asio::awaitable<Result<run::Completed>> PipelineRun::conclude() {
    run::Completed completed;
    auto& state = steps_[plan_.result];
    if (state.skipped) {
        completed.response.status = 204;
    } else if (plan_.steps[plan_.result].each.kind == Each::Kind::once) {
        completed.response = std::move(state.calls.front().result->response);
    } else {
        completed.response.content = results_of(plan_.result);
    }
    for (auto& step : steps_)
        for (auto& call : step.calls)
            std::move(call.result->effects.begin(), call.result->effects.end(), std::back_inserter(completed.effects));
    if (plan_.store && !state.skipped) {
        if (auto stored = co_await store(completed); !stored.ok()) co_return std::move(stored).error();
    }
    co_return completed;
}

// The response becomes an object, and is replaced by what is said of it.
asio::awaitable<Result<>> PipelineRun::store(run::Completed& completed) {
    auto name = content_.name_of(*plan_.store);
    if (!name.ok()) co_return std::move(name).error();
    auto content = std::move(completed.response.content);
    const bool is_one = content.size() == 1 && content.front().pages && content.front().offset == 0;
    run::StagedEffect staged;
    staged.effect.name = std::move(name).value();
    staged.effect.content_type = plan_.content_type.empty() ? "application/octet-stream" : plan_.content_type;
    staged.effect.length = bytes_of(content);
    if (!is_one && staged.effect.length > 0) {
        cost_.copied.heap += staged.effect.length;
        if (auto gathered = co_await gather(worker_, all_pieces(content).pieces); !gathered.ok()) co_return gathered;
    }
    auto in_pages = std::find_if(content.begin(), content.end(), [](const run::Piece& piece) { return piece.pages != nullptr; });
    if (in_pages != content.end()) {
        staged.effect.kind = registry::ContentKind::pages;
        staged.effect.fd = in_pages->pages->fd();
        staged.pages = in_pages->pages;
    }
    run::Response response;
    response.status = 201;
    response.has_content_type = true;
    response.fields = "Content-Type: application/json\r\n";
    auto& told = response.content.emplace_back();
    told.bytes = fmt::format(R"({{"bucket":"{}","key":"{}","bytes":{}}})", staged.effect.name.bucket, json_escape(staged.effect.name.key), staged.effect.length) + "\n";
    completed.response = std::move(response);
    completed.effects.push_back(std::move(staged));
    co_return Result<>();
}

}  // namespace inlay::serve
