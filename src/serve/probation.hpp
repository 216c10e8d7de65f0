// Probation: how often, and in which order, a worker begins what may overrun its express budget: functions that are new, or have overrun.
//
// Time lost to overruns has one part in kLostTimeShare of a worker's time, and kLostTimeUsMax at once. While that is used up such invocations
// wait, in the order of how often their functions have overrun and then of their coming; everybody else goes on as if they were not there.
// (Those of class `auto` have a lane instead, where one is free.)
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <list>

namespace inlay::serve {

// One thread, one loop; outlives it.
class Probation {
  public:
    // Whether one may begin now. Nobody who waits is overtaken.
    bool may_begin(uint64_t now_ns) const { return waiting_.empty() && next_ns() <= now_ns; }
    // An attempt has run for so long in vain.
    void note_lost(uint64_t now_ns, uint64_t lost_ns);
    // Suspends until it is the caller's turn; lower ranks go first. False: the deadline has passed, or too many wait.
    boost::asio::awaitable<bool> wait(uint64_t rank, uint64_t deadline_ns);

  private:
    struct Waiter {
        uint64_t rank;
        boost::asio::steady_timer timer;  // Until its turn or its deadline.
        bool called = false;
    };

    uint64_t next_ns() const;
    void call_next(const boost::asio::any_io_executor& loop);
    void call_first(const boost::asio::any_io_executor& loop);

    std::list<Waiter*> waiting_;  // In the order of their turns; none that was called.
    bool is_calling_ = false;
    uint64_t paid_ns_ = 0;        // At this time all that was lost will have been made up for.
};

}  // namespace inlay::serve
