// A debt that is paid off with time, and a queue for the time until then.
#include "serve/probation.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <memory>

#include "base/clock.hpp"
#include "base/limits.hpp"

namespace inlay::serve {
namespace asio = boost::asio;
namespace {

// While more than this is to be paid off, nothing begins that may add to it.
constexpr uint64_t kDebtToBeginNs = (kLostTimeUsMax - kExpressBudgetUs) * 1000 * kLostTimeShare;

asio::steady_timer::time_point time_of(uint64_t ns) { return asio::steady_timer::time_point(std::chrono::nanoseconds(ns)); }

}  // namespace

// However much one has lost, the others have their turn again.
void Probation::note_lost(uint64_t now_ns, uint64_t lost_ns) {
    constexpr uint64_t kDebtNsMax = kLostTimeDebtMs * 1'000'000;
    const uint64_t more_ns = std::min(lost_ns, kDebtNsMax) * kLostTimeShare;
    paid_ns_ = std::min(std::max(paid_ns_, now_ns) + more_ns, now_ns + kDebtNsMax);
}

uint64_t Probation::next_ns() const { return paid_ns_ - std::min(paid_ns_, kDebtToBeginNs); }

asio::awaitable<bool> Probation::wait(uint64_t rank, uint64_t deadline_ns) {
    if (waiting_.size() >= kProbationWaitersMax) co_return false;
    asio::any_io_executor loop = co_await asio::this_coro::executor;
    Waiter waiter{rank, asio::steady_timer(loop, time_of(deadline_ns))};
    struct Entry {
        std::list<Waiter*>& list;
        Waiter& waiter;
        ~Entry() { list.remove(&waiter); }  // Not there any more when it was called.
    } entry{waiting_, waiter};
    auto behind = [&](const Waiter* other) { return other->rank > rank; };
    waiting_.insert(std::find_if(waiting_.begin(), waiting_.end(), behind), &waiter);
    call_next(loop);
    co_await waiter.timer.async_wait(asio::as_tuple(asio::use_awaitable));
    co_return waiter.called;
}

// Sees to it that somebody is called as soon as may be.
void Probation::call_next(const asio::any_io_executor& loop) {
    if (is_calling_ || waiting_.empty()) return;
    is_calling_ = true;
    auto timer = std::make_shared<asio::steady_timer>(loop, time_of(next_ns()));
    timer->async_wait([this, loop, timer](boost::system::error_code) { call_first(loop); });
}

// Whoever is called has run before the next call, which comes behind it in the loop, and behind everybody else who is ready.
void Probation::call_first(const asio::any_io_executor& loop) {
    is_calling_ = false;
    if (waiting_.empty()) return;
    if (monotonic_ns() >= next_ns()) {
        Waiter* first = waiting_.front();
        waiting_.pop_front();
        first->called = true;
        first->timer.cancel();
    }
    is_calling_ = true;
    asio::post(loop, [this, loop] {
        is_calling_ = false;
        call_next(loop);
    });
}

}  // namespace inlay::serve
