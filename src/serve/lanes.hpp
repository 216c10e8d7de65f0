// Lanes: a worker's lanes, and who waits for one.
//
// An invocation gets a warm lane of its function, or a new one while there may be more, or the place of an idle lane of another
// function. When all are busy, or its function has as many as its limit `lanes`, it waits: a lane that becomes free goes to the function
// that has fewest of them, among those that have as many to the one that had them for the shortest time lately, and among its invocations to
// the one that has waited for longest.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <list>
#include <memory>
#include <vector>

#include "serve/lane.hpp"

namespace inlay::serve {

// One run of a lane, for those who may want to end it.
struct LaneRun {
    std::weak_ptr<Lane> lane;  // Once it has one.
    boost::asio::steady_timer* waits = nullptr;  // While it waits for one.
    bool cancelled = false;

    void cancel();
};

class Lanes {
  public:
    explicit Lanes(Worker& worker) : worker_(worker) {}

    // Runs an invocation in a lane. Refused: none can be had, because too many wait, the wait took all of its time, or the
    // supervisor is gone (draining). `stream`: of a request with a ring. `where` is told of the lane.
    boost::asio::awaitable<run::Outcome> run(std::shared_ptr<const registry::Function> function, const run::Request& request,
                                             const run::Terms& terms, LaneStream* stream = nullptr, LaneRun* where = nullptr);

    // Whether an invocation would have a lane at once.
    bool has_room(const registry::Function& function) const;

    // The guest of a lane waits for others that need lanes: there may be one more meanwhile, or all could wait for each other.
    void lend_room();
    void take_room_back() { lent_--; }

    // Ends all that are not running. Runs that are left end with the loop.
    void end_all();

    // Lets lanes go that have ended by themselves, once the loop comes round.
    void forget_dead();

  private:
    using Shared = std::shared_ptr<Lane>;
    using FunctionPointer = std::shared_ptr<const registry::Function>;

    // A place among the lanes that may be had: a lane that serves the function, or room to start one.
    struct Waiter {
        const registry::Function& function;
        boost::asio::steady_timer timer;  // Until its turn or its deadline.
        bool served = false;
        Shared lane;                      // nullptr, and served: it may start one.
    };

    boost::asio::awaitable<Result<Shared>> acquire(FunctionPointer function, uint64_t deadline_ns, LaneRun* where);
    boost::asio::awaitable<Result<Shared>> start(FunctionPointer function);
    boost::asio::awaitable<bool> wait(Waiter& waiter, uint64_t deadline_ns);
    enum class WhenAbsent { refuse, compile };  // At once, or when it is there.
    boost::asio::awaitable<void> fetch_unchecked(FunctionPointer function, WhenAbsent when_absent);
    void forget_start(const registry::Function& function);
    void release(const Shared& lane);
    void serve_next(Shared lane);
    Waiter* next_waiter() const;
    bool is_at_limit(const registry::Function& function) const { return busy_of(function) >= function.record.limits.lanes; }
    size_t lanes_max() const;
    Error no_lane(const registry::Function& function) const;
    Shared find_idle(const registry::Function& function) const;
    bool retire_idle();
    size_t busy_of(const registry::Function& function) const;

    Worker& worker_;
    std::vector<Shared> lanes_;
    std::vector<const registry::Function*> starting_;  // Whose lanes are not there yet; each is held by who waits for it.
    std::list<Waiter*> waiters_;  // Not served yet.
    size_t lent_ = 0;
    bool ended_ = false;
};

}  // namespace inlay::serve
