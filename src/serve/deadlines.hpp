// Deadlines: ends connections that wait for too long, with one timer for all of them.
//
// A connection states by when it must have moved on; that costs one store. The timer sleeps until the earliest of these
// times and looks at all connections then: nothing ticks while nothing is due, and nothing at all without connections.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>

#include <cstdint>

namespace inlay::serve {

class Deadlines {
  public:
    // Something that can be too late. Not due while `deadline_ms` is kNever.
    class Entry : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
      public:
        virtual ~Entry() = default;
        virtual void on_deadline() = 0;

      private:
        friend class Deadlines;
        uint64_t deadline_ms_;
    };

    static constexpr uint64_t kNever = UINT64_MAX;

    explicit Deadlines(const boost::asio::any_io_executor& executor) : timer_(executor) {}

    void add(Entry& entry);
    // From now on `entry` is due `after_ms` from now (kNever: not at all).
    void expect(Entry& entry, uint64_t after_ms);

  private:
    void arm(uint64_t at_ms);
    void on_timer();

    boost::intrusive::list<Entry, boost::intrusive::constant_time_size<false>> entries_;
    boost::asio::steady_timer timer_;
    uint64_t armed_for_ms_ = kNever;
};

}  // namespace inlay::serve
