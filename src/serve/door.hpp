// Door: which connections a worker lets in, and who has to go for them.
//
// A worker has room for so many, by kConnectionsPerWorkerMax and its descriptors, and all workers together for `connections`. When that
// is full, the connection that has waited for a request the longest is ended for the new one; when none waits, the new one is turned
// away. An address that has its share already is turned away, whoever waits.
//
// How many connections an address has is counted in the memory that all workers share, so that it does not matter where the kernel
// hands them. Each worker writes its own row; two that come in at once may both see the last place.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/intrusive/list.hpp>

#include <atomic>
#include <utility>

#include "base/result.hpp"
#include "registry/shared_state.hpp"
#include "serve/settings.hpp"

namespace inlay::serve {

// Something that waits for a request of its client, and can be ended meanwhile.
using IdleHook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>, boost::intrusive::tag<class Idle>>;
class Idle : public IdleHook {
  public:
    // Ends it, soon.
    virtual void end_idle() = 0;

  protected:
    ~Idle() = default;
};

class Door {
  public:
    // One connection's place among those of its address; given back when it ends.
    class Place {
      public:
        explicit Place(std::atomic<uint16_t>& count);
        Place(Place&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
        Place& operator=(Place&&) = delete;
        ~Place();

      private:
        std::atomic<uint16_t>* count_;
    };

    // Requires: `settings` say how many connections there may be, in all and per address.
    Door(const registry::SharedMemory& shared, const WorkerSettings& settings);

    // This process may have so many descriptors.
    void limit_descriptors(size_t descriptors);

    // Lets a connection from there in, or says why not. `here`: connections of this worker. Errors: overloaded.
    Result<Place> enter(const boost::asio::ip::address& from, size_t here);

    // It waits for a request, until it is unlinked.
    void add(Idle& idle) { idle_.push_back(idle); }
    // Ends the connection that has waited the longest. False: none waits.
    bool end_longest_idle();

  private:
    uint64_t all_connections() const;

    registry::SharedState& shared_;
    const WorkerSettings& settings_;
    size_t here_max_ = kConnectionsPerWorkerMax;
    // The longest first.
    boost::intrusive::list<Idle, boost::intrusive::base_hook<IdleHook>, boost::intrusive::constant_time_size<false>> idle_;
};

}  // namespace inlay::serve
