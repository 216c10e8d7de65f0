// Where an invocation begins, and where it goes on.
#include "serve/invoke.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/clock.hpp"
#include "run/executor.hpp"
#include "run/fiber_run.hpp"
#include "run/span.hpp"
#include "serve/lane_stream.hpp"
#include "serve/tracing.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
namespace {

// Begins in a lane what is heavy; the rest begins here.
run::Place first_place(const Worker& worker, const registry::Function& function, const registry::Tendency& tendency) {
    if (function.record.isolated) return run::Place::lane;
    if (worker.supervisor_is_gone()) return run::Place::inline_;
    if (function.record.run_class == FunctionClass::heavy) return run::Place::lane;
    bool learns = function.record.run_class == FunctionClass::automatic;
    return learns && tendency.is_heavy(coarse_ms()) ? run::Place::lane : run::Place::express;
}

void log(Worker& worker, const run::Outcome& outcome) {
    if (!outcome.log.lines.empty()) worker.log(outcome.log);
}

// Adds what an attempt has cost that does not count: its time is lost, its copies were made.
void add_lost(run::Cost& cost, const run::Cost& lost) {
    cost.copied.small += lost.copied.small;
    cost.copied.heap += lost.copied.heap;
    cost.copied.wasi += lost.copied.wasi;
    cost.run_us += lost.instantiate_us + lost.run_us;
}

run::Request request_of(std::string_view rest, const RequestHead& head) {
    run::Request request;
    request.method = head.method_text;
    request.path = head.path;
    request.rest = rest;
    request.query = head.query;
    request.fields = head.fields;
    request.count_private = wants_cost(head);
    return request;
}

run::Terms terms_of(Worker& worker, const registry::Function& function, run::Place place) {
    return {.id = worker.next_invocation_id(),
            .place = place,
            .deadline_ns = monotonic_ns() + function.record.limits.timeout_ms * 1'000'000,
            .clock = worker.guest_clock(),
            .fiber_memory = worker.settings().fiber_memory()};
}

Error no_turn(const store::FunctionRecord& record) {
    return Error{Errc::overloaded, fmt::format("function {:?} is new or has overrun its express budget ({} us), and no turn came for it within "
                                                "its {} ms, or too many wait: retry later, or deploy it with --class heavy",
                                                record.name, kExpressBudgetUs, record.limits.timeout_ms)};
}

}  // namespace

Attempts::Attempts(Worker& worker, std::string_view rest, const Arrival& arrival)
    : worker_(worker), request_(request_of(rest, arrival.head)), function_(arrival.function), head_(&arrival.head) {
    request_.body = arrival.body;
}

Attempts::Attempts(Worker& worker, run::Request request, std::shared_ptr<const registry::Function> function)
    : worker_(worker), request_(std::move(request)), function_(std::move(function)) {}

Result<> Attempts::begin(std::string_view function) {
    if (!function_) {
        INLAY_TRY(function_, worker_.tables().get_function(function));
    }
    if (function_->plan) return Error{Errc::overloaded, fmt::format("pipeline {:?} was deployed a moment ago: retry", function)};
    terms_ = terms_of(worker_, *function_, first_place(worker_, *function_, *function_->tendency));
    begin_trace(*head_, terms_);
    if (terms_.trace.is_set()) began_ns_ = monotonic_ns();
    begin_here();
    return {};
}

void Attempts::close_span() { run::close_span(outcome, function_->record.name, terms_, began_ns_); }

void Attempts::begin_call(uint64_t id, const run::CallTerms& terms, LaneRun* where) {
    where_ = where;
    terms_ = terms_of(worker_, *function_, first_place(worker_, *function_, *function_->tendency));
    terms_.id = id;
    terms_.deadline_ns = std::min(terms_.deadline_ns, terms.deadline_ns);
    terms_.depth = terms.depth;
    terms_.calls_max = terms.calls;
    terms_.small_pieces = true;
    terms_.trace = terms.trace;
    terms_.parent = terms.parent;
    if (terms_.trace.is_set()) began_ns_ = monotonic_ns();
    begin_here();
}

// Runs the first attempt, if it is one for a worker.
void Attempts::begin_here() {
    if (tries_again()) terms_.place = run::Place::express;
    if (terms_.place == run::Place::lane) return;
    bool may_overrun = terms_.place == run::Place::express && !function_->tendency->is_trusted(coarse_ms());
    if (!may_overrun || worker_.probation().may_begin(monotonic_ns())) {
        return run_here();
    }
    bool to_lane = function_->record.run_class == FunctionClass::automatic && worker_.lanes().has_room(*function_);
    if (to_lane) terms_.place = run::Place::lane;
    waits_for_turn_ = !to_lane;
}

bool may_run_here(Worker& worker, const registry::Function& function) {
    const auto& tendency = *function.tendency;
    return first_place(worker, function, tendency) != run::Place::lane &&
           (tendency.is_trusted(coarse_ms()) || worker.probation().may_begin(monotonic_ns()));
}

// What has overrun lately begins in a lane, but need not wait for one where a worker may try it once more: it may have been an exception.
bool Attempts::tries_again() const {
    const auto& record = function_->record;
    const bool has_learned = terms_.place == run::Place::lane && record.run_class == FunctionClass::automatic && !record.isolated;
    return has_learned && !worker_.lanes().has_room(*function_) && worker_.probation().may_begin(monotonic_ns());
}

void Attempts::run_here() {
    auto lost = [](const auto& object) { return object->pages.lost(); };
    if (std::any_of(request_.opened.begin(), request_.opened.end(), lost) || run::any_lost(request_.inputs)) {
        outcome = {.how = run::Trapped{registry::changed_error()}};
        return;
    }
    {
        Running running(worker_, *function_);
        outcome = run::execute(*function_, request_, worker_.supply(), terms_);
    }
    account_here();
    log(worker_, outcome);
}

// What the attempt has cost the worker, and what is learned from it.
void Attempts::account_here() {
    auto& account = worker_.admission().account_of(*function_);
    registry::FunctionAccount::add(account.cpu_ns, outcome.cost.cpu_ns);
    if (terms_.place != run::Place::express) return;
    auto* unfinished = std::get_if<run::Unfinished>(&outcome.how);
    const uint64_t lost_ns = outcome.cost.cpu_ns + outcome.cost.callees_ns;
    // Also what ends by itself may have held the worker for long, where nothing looked at its time.
    const bool is_late = lost_ns >= kExpressBudgetUs * 1000 * kExpressLateShare;
    if (!unfinished && !is_late) return function_->tendency->note_in_time();
    if (unfinished && unfinished->cold && !is_late) return;
    registry::FunctionAccount::add(account.overruns, 1);
    registry::FunctionAccount::add(account.lost_ns, lost_ns);
    if (unfinished) worker_.counters().add(Counter::express_overruns);
    worker_.counters().add(Counter::express_lost_us, lost_ns / 1000);
    worker_.probation().note_lost(monotonic_ns(), lost_ns);
    function_->tendency->note_overrun(coarse_ms());
}

asio::awaitable<void> Attempts::run_in_turn() {
    worker_.counters().add(Counter::probation_waits);
    bool is_turn = co_await worker_.probation().wait(function_->tendency->rank(), terms_.deadline_ns);
    if (is_turn)
        run_here();
    else
        outcome = {.how = run::Refused{no_turn(function_->record)}};
}

// In a lane; here, when no lane can be had any more.
asio::awaitable<void> Attempts::run_in_lane() {
    terms_.place = run::Place::lane;
    outcome = co_await worker_.lanes().run(function_, request_, terms_, nullptr, where_);
    bool no_lanes = std::holds_alternative<run::Refused>(outcome.how) && worker_.supervisor_is_gone();
    if (no_lanes && !function_->record.isolated) {
        terms_.place = run::Place::inline_;
        run_here();
        co_return;
    }
    bool ran_through = std::holds_alternative<run::Completed>(outcome.how) || std::holds_alternative<run::Failed>(outcome.how);
    if (ran_through) function_->tendency->note_lane_run(outcome.cost.run_us);
    outcome.cost.copied.body_head = request_.body.copied;  // Copied on the way in, also where the lane is lost.
    log(worker_, outcome);
}

asio::awaitable<void> Attempts::go_on() {
    if (terms_.place == run::Place::lane) co_await run_in_lane();
    if (waits_for_turn_) co_await run_in_turn();
    run::Cost lost;
    unsigned waits = 0;
    while (auto* unfinished = std::get_if<run::Unfinished>(&outcome.how)) {
        add_lost(lost, outcome.cost);
        request_.opened = std::move(unfinished->opened);
        terms_.attempt++;
        auto cold = std::move(unfinished->cold);
        if (cold && cold->is_brief() && waits++ < kColdWaitsMax) {
            co_await worker_.disk().bring_in(std::move(cold->pages), cold->offset, cold->length);
            run_here();
            continue;
        }
        co_await run_in_lane();
    }
    add_lost(outcome.cost, lost);
}

namespace {

run::FiberRun::State resume(Worker& worker, const registry::Function& function, run::FiberRun& guest) {
    Running running(worker, function);
    return guest.resume();
}

// One after the other: between two slices of streams that have used theirs up it is everybody else's turn.
asio::awaitable<run::Outcome> run_on_fiber(Worker& worker, const registry::Function& function, const run::Request& request,
                                           const run::Terms& terms, ClientStream& stream) {
    auto& account = worker.admission().account_of(function);
    // Many that are new would have their first slices all in a row.
    if (!function.stream_tendency->is_trusted(coarse_ms())) co_await worker.turns().next();
    run::FiberRun guest(function, request, worker.stream_supply(), terms);
    bool is_heavy = false;
    for (;;) {
        const auto state = resume(worker, function, guest);
        registry::FunctionAccount::add(account.cpu_ns, guest.take_cpu_ns());
        if (guest.overran() && !std::exchange(is_heavy, true)) function.stream_tendency->note_overrun(coarse_ms());
        if (state == run::FiberRun::State::ended) break;
        if (state == run::FiberRun::State::yields)
            co_await worker.turns().next();
        else if (const auto& cold = guest.cold())
            co_await worker.disk().bring_in(cold->pages, cold->offset, cold->length);
        else
            co_await stream.wait();
    }
    if (!is_heavy) function.stream_tendency->note_in_time();
    Running running(worker, function);
    co_return guest.finish();
}

// While its body is received, which goes on until the run ends.
asio::awaitable<run::Outcome> run_stream_in_lane(Worker& worker, std::shared_ptr<const registry::Function> function,
                                                 const run::Request& request, const run::Terms& terms, ClientStream& stream) {
    using namespace asio::experimental::awaitable_operators;
    LaneStream of_lane(worker, stream);
    auto ended = co_await (worker.lanes().run(std::move(function), request, terms, &of_lane) || of_lane.receive_body());
    co_return std::get<0>(std::move(ended));
}

}  // namespace

asio::awaitable<StreamEnd> invoke_stream(Worker& worker, std::shared_ptr<const registry::Function> function,
                                         std::string_view rest, const RequestHead& head, ClientStream& stream) {
    run::Request request = request_of(rest, head);
    request.stream = &stream;
    // A call runs on its caller's stack, which a fiber has too little of.
    bool in_lane = function->calls || first_place(worker, *function, *function->stream_tendency) == run::Place::lane;
    run::Terms terms = terms_of(worker, *function, in_lane ? run::Place::lane : run::Place::fiber);
    begin_trace(head, terms);
    const uint64_t began_ns = monotonic_ns();
    run::Outcome outcome{.how = run::Unfinished{}};
    if (!in_lane) {
        outcome = co_await run_on_fiber(worker, *function, request, terms, stream);
        terms.attempt++;
        // Too large for a fiber from its first byte on, or there are too many: it has not begun.
        auto* refused = std::get_if<run::Refused>(&outcome.how);
        if (refused && refused->error.code == Errc::overloaded) outcome.how = run::Unfinished{};
    }
    if (auto* unfinished = std::get_if<run::Unfinished>(&outcome.how)) {
        request.opened = std::move(unfinished->opened);
        terms.place = run::Place::lane;
        run::Cost lost = outcome.cost;
        outcome = co_await run_stream_in_lane(worker, function, request, terms, stream);
        add_lost(outcome.cost, lost);
    }
    outcome.cost.copied.body_head = stream.copied();
    log(worker, outcome);
    co_return StreamEnd{std::move(outcome), terms, began_ns};
}

void count(CounterBlock& counters, const run::Outcome& outcome) {
    static constexpr Counter kByAlternative[] = {Counter::invocations_completed, Counter::invocations_failed,
                                                 Counter::invocations_trapped, Counter::invocations_refused};
    Counter how = kByAlternative[outcome.how.index()];
    auto* trapped = std::get_if<run::Trapped>(&outcome.how);
    if (trapped && trapped->error.code == Errc::function_timed_out) how = Counter::invocations_timed_out;
    counters.add(how);
    const auto& cost = outcome.cost;
    if (cost.mapped_bytes) counters.add(Counter::mapped_bytes, cost.mapped_bytes);
    if (cost.copied.body_head) counters.add(Counter::copied_bytes_body_head, cost.copied.body_head);
    if (cost.copied.small) counters.add(Counter::copied_bytes_small, cost.copied.small);
    if (cost.copied.heap) counters.add(Counter::copied_bytes_heap, cost.copied.heap);
    if (cost.copied.fallback) counters.add(Counter::copied_bytes_fallback, cost.copied.fallback);
    if (cost.copied.wasi) counters.add(Counter::copied_bytes_wasi, cost.copied.wasi);
    counters.add(Counter::instantiate_us, cost.instantiate_us);
    counters.add(Counter::run_us, cost.run_us);
}

Error error_of(std::string_view function, const run::Outcome& outcome) {
    Error error = run::failure_of(function, outcome);
    bool tells_more_in_its_log = error.code == Errc::function_trapped || error.code == Errc::function_failed;
    if (tells_more_in_its_log) error.detail += fmt::format("; see `inlay logs {}`", function);
    return error;
}

bool wants_cost(const RequestHead& head) { return head.find("inlay-cost") == "?1"; }

std::string cost_text(const run::Cost& cost) {
    return fmt::format("mapped={}, copied={}, private={}, instantiate_us={}, run_us={}", cost.mapped_bytes, cost.copied.total(),
                       cost.private_bytes, cost.instantiate_us, cost.run_us);
}

}  // namespace inlay::serve
