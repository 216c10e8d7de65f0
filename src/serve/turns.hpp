// Turns: lets those who have used up their slice go on one after the other, with everybody else's turn between any two of them.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <list>

namespace inlay::serve {

// One thread, one loop; outlives it.
class Turns {
  public:
    // Suspends until it is the caller's turn, behind those who came before.
    boost::asio::awaitable<void> next();

  private:
    void call_first(const boost::asio::any_io_executor& loop);

    std::list<boost::asio::steady_timer*> waiting_;  // Each until it is cancelled.
    bool is_calling_ = false;
};

}  // namespace inlay::serve
