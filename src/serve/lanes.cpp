// Finds, starts, hands over and retires lanes.
#include "serve/lanes.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "registry/compiled_file.hpp"
#include "serve/worker.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

}  // namespace

void LaneRun::cancel() {
    cancelled = true;
    if (waits) waits->cancel();
    if (auto running = lane.lock()) running->cancel();
}

asio::awaitable<run::Outcome> Lanes::run(FunctionPointer function, const run::Request& request, const run::Terms& terms,
                                          LaneStream* stream, LaneRun* where) {
    auto lane = co_await acquire(function, terms.deadline_ns, where);
    if (!lane.ok()) co_return run::Outcome{.how = run::Refused{std::move(lane).error()}};
    worker_.counters().add(Counter::lane_invocations);
    // Also when an exception ends this: a lane that stays busy would be lost for ever, and one in the middle of a run must not
    // answer the next one.
    struct Release {
        Lanes& lanes;
        const Shared& lane;
        bool has_ended = false;
        ~Release() {
            if (!has_ended) lane->end();
            lanes.release(lane);
        }
    } at_the_end{*this, *lane};
    if (where && where->cancelled) {
        at_the_end.has_ended = true;
        co_return run::Outcome{.how = run::Refused{Error{Errc::overloaded, "nobody waits for it any more"}}};
    }
    if (where) where->lane = *lane;
    auto outcome = co_await (*lane)->run(request, terms, stream);
    if (where) where->lane.reset();
    at_the_end.has_ended = true;
    auto* trapped = std::get_if<run::Trapped>(&outcome.how);
    if (trapped && trapped->error.code == Errc::lane_lost) worker_.counters().add(Counter::lanes_lost);
    co_return outcome;
}

asio::awaitable<Result<Lanes::Shared>> Lanes::acquire(FunctionPointer function, uint64_t deadline_ns, LaneRun* where) {
    if (!next_waiter() && !is_at_limit(*function)) {
        while (auto lane = find_idle(*function)) {
            lane->set_idle(false);
            if (lane->still_there()) co_return lane;
            std::erase(lanes_, lane);
        }
        if (lanes_.size() + starting_.size() < lanes_max() || retire_idle()) co_return co_await start(function);
    }
    if (waiters_.size() >= kLaneWaitersMax)
        co_return Error{Errc::overloaded, fmt::format("{} invocations wait for a lane already: retry later", waiters_.size())};
    auto of_function = [&](const Waiter* waiter) { return waiter->function.record.version == function->record.version; };
    if (std::count_if(waiters_.begin(), waiters_.end(), of_function) >= static_cast<std::ptrdiff_t>(kLaneWaitersMax / kLaneWaitersShare))
        co_return Error{Errc::overloaded, fmt::format("{} invocations of function {:?} wait for a lane already: retry later",
                                                      kLaneWaitersMax / kLaneWaitersShare, function->record.name)};
    Waiter waiter{*function, asio::steady_timer(worker_.executor()), false, nullptr};
    if (where) where->waits = &waiter.timer;
    const bool served = co_await wait(waiter, deadline_ns);
    if (where) where->waits = nullptr;
    if (!served) co_return no_lane(*function);
    if (waiter.lane) co_return waiter.lane;
    forget_start(*function);  // Kept for it by serve_next().
    co_return co_await start(function);
}

size_t Lanes::lanes_max() const { return worker_.settings().lanes + lent_; }

void Lanes::lend_room() {
    lent_++;
    if (lanes_.size() + starting_.size() < lanes_max()) serve_next(nullptr);
}

Error Lanes::no_lane(const registry::Function& function) const {
    const auto& record = function.record;
    if (is_at_limit(function))
        return Error{Errc::overloaded, fmt::format("none of the {} lanes of function {:?} (its limit lanes) became free within its {} ms: retry "
                                                   "later, or deploy it with a larger --limit lanes=N",
                                                   record.limits.lanes, record.name, record.limits.timeout_ms)};
    return Error{Errc::overloaded, fmt::format("no lane became free for function {:?} within its {} ms: retry later", record.name,
                                               record.limits.timeout_ms)};
}

void Lanes::forget_start(const registry::Function& function) {
    starting_.erase(std::find(starting_.begin(), starting_.end(), &function));
}

// True: served.
asio::awaitable<bool> Lanes::wait(Waiter& waiter, uint64_t deadline_ns) {
    struct Entry {
        std::list<Waiter*>& list;
        Waiter& waiter;
        ~Entry() { list.remove(&waiter); }  // Not there any more when it was served.
    } entry{waiters_, waiter};
    waiters_.push_back(&waiter);
    waiter.timer.expires_at(std::chrono::steady_clock::time_point(std::chrono::nanoseconds(deadline_ns)));
    co_await waiter.timer.async_wait(kAwait);
    co_return waiter.served;
}

// Requires: there is room for one.
asio::awaitable<Result<Lanes::Shared>> Lanes::start(FunctionPointer function) {
    starting_.push_back(function.get());
    // What became of the room that was kept, also when an exception ends this.
    struct Room {
        Lanes& lanes;
        FunctionPointer function;
        Shared made;
        ~Room() {
            lanes.forget_start(*function);
            if (made)
                lanes.lanes_.push_back(std::move(made));
            else
                lanes.serve_next(nullptr);
        }
    } room{*this, function, nullptr};
    bool there_already = function->record.run_class == FunctionClass::heavy;  // Made at deploy.
    if (!function->record.isolated && !std::exchange(function->unchecked->asked_for, true)) {
        if (there_already) co_await fetch_unchecked(function, WhenAbsent::refuse);
        if (!function->unchecked->file) {
            function->unchecked->asked_for = true;
            asio::co_spawn(worker_.executor(), fetch_unchecked(function, WhenAbsent::compile), asio::detached);
        }
    }
    auto lane = co_await Lane::create(worker_, std::move(function));
    if (lane.ok()) room.made = *lane;
    co_return lane;
}

asio::awaitable<void> Lanes::fetch_unchecked(FunctionPointer function, WhenAbsent when_absent) {
    const auto& record = function->record;
    auto question = WireWriter().bytes(record.name).bytes(record.version).number(when_absent == WhenAbsent::compile).take();
    auto answered = co_await worker_.call(registry::Call::get_unchecked, std::move(question), std::vector<int>());
    auto check = [&]() -> Result<> {
        if (!answered.ok()) return std::move(answered).error();
        if (answered->fds.size() != 1) return registry::damaged_message();
        auto code = registry::map_compiled_file(answered->fds.front().get());
        if (!code.ok() && code.error().code == Errc::corrupt) worker_.tables().refuse_compiled(record, engine::Checks::none);
        if (!code.ok()) return std::move(code).error();
        function->unchecked->file = std::move(answered->fds.front());
        return {};
    };
    if (auto there = check(); !there.ok()) {
        spdlog::warn("code for lanes of function {}: {}", record.name, there.error().detail);
        function->unchecked->asked_for = false;
    }
}

void Lanes::release(const Shared& lane) {
    const bool is_one_too_many = lanes_.size() + starting_.size() > lanes_max();  // There was room only while somebody lent it.
    if (is_one_too_many) lane->end();
    if (!lane->alive()) std::erase(lanes_, lane);
    if (!is_one_too_many) serve_next(lane->alive() ? lane : nullptr);
}

// Gives a lane that is free, or the room of one that is gone, to whoever's turn it is.
void Lanes::serve_next(Shared lane) {
    if (ended_) return;
    if (lane) lane->set_idle(true);
    Waiter* next = next_waiter();
    if (!next) return;
    if (lane && !lane->serves(next->function)) {
        std::erase(lanes_, lane);
        lane = nullptr;
    }
    if (lane)
        lane->set_idle(false);
    else
        starting_.push_back(&next->function);
    waiters_.remove(next);  // At once: until it resumes nobody else may take it for one that waits.
    next->served = true;
    next->lane = std::move(lane);
    next->timer.cancel();
}

// Whose turn it is. nullptr: nobody waits who may have a lane.
Lanes::Waiter* Lanes::next_waiter() const {
    Waiter* next = nullptr;
    auto least = std::pair(SIZE_MAX, UINT64_MAX);
    const uint64_t now_ms = coarse_ms();
    for (auto* waiter : waiters_) {
        auto had = std::pair(busy_of(waiter->function), waiter->function.lane_time->recent_us(now_ms));
        if (had.first < waiter->function.record.limits.lanes && had < least) next = waiter, least = had;
    }
    return next;
}

Lanes::Shared Lanes::find_idle(const registry::Function& function) const {
    // The one used last: its caches are the warmest.
    auto found = std::find_if(lanes_.rbegin(), lanes_.rend(), [&](const Shared& lane) { return lane->idle() && lane->serves(function); });
    return found == lanes_.rend() ? nullptr : *found;
}

bool Lanes::has_room(const registry::Function& function) const {
    if (next_waiter() || is_at_limit(function)) return false;
    auto is_idle = [](const Shared& lane) { return lane->idle(); };
    return lanes_.size() + starting_.size() < lanes_max() || std::any_of(lanes_.begin(), lanes_.end(), is_idle);
}

// Makes room by ending the lane that has been idle for longest. False: all are busy.
bool Lanes::retire_idle() {
    auto found = std::find_if(lanes_.begin(), lanes_.end(), [](const Shared& lane) { return lane->idle(); });
    if (found == lanes_.end()) return false;
    lanes_.erase(found);
    return true;
}

size_t Lanes::busy_of(const registry::Function& function) const {
    auto is_busy = [&](const Shared& lane) { return !lane->idle() && lane->is_of(function); };
    auto is_its = [&](const registry::Function* other) { return other->record.version == function.record.version; };
    return static_cast<size_t>(std::count_if(lanes_.begin(), lanes_.end(), is_busy) +
                               std::count_if(starting_.begin(), starting_.end(), is_its));
}

void Lanes::end_all() {
    ended_ = true;
    lanes_.clear();
}

void Lanes::forget_dead() {
    asio::post(worker_.executor(), [this] { std::erase_if(lanes_, [](const Shared& lane) { return !lane->alive(); }); });
}

}  // namespace inlay::serve
