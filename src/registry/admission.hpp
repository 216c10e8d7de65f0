// Admission: which invocations begin at all: those within their function's concurrency and rate. Before a byte of content is received.
//
// Both are counted over all workers, in shared memory, without a lock. Concurrency: each worker counts its own, the sum is looked at; two workers
// that look at the same moment may each let one in, so that at most one too many for each other worker is under way. A dead worker's are given back by the supervisor.
// Rate: a bucket of as many invocations as begin in a second, kept as the time until which it is used up (GCRA): one number.
#pragma once

#include <memory>
#include <utility>

#include "base/result.hpp"
#include "registry/function.hpp"
#include "registry/shared_state.hpp"

namespace inlay::registry {

// One invocation that is under way. Requires: the shared state outlives it.
class InFlight {
  public:
    InFlight() = default;
    explicit InFlight(FunctionAccount& account) : account_(&account) { FunctionAccount::add(account.in_flight, 1); }
    InFlight(InFlight&& other) noexcept : account_(std::exchange(other.account_, nullptr)) {}
    InFlight& operator=(InFlight&& other) noexcept {
        end();
        account_ = std::exchange(other.account_, nullptr);
        return *this;
    }
    ~InFlight() { end(); }
    void end() {
        if (auto* account = std::exchange(account_, nullptr)) FunctionAccount::add(account->in_flight, uint64_t{0} - 1);
    }

  private:
    FunctionAccount* account_ = nullptr;
};

class Admission {
  public:
    // Of the worker in this slot, of so many.
    Admission(SharedState& state, size_t slot, size_t workers) : state_(state), slot_(slot), workers_(workers) {}

    FunctionAccount& account_of(const Function& function) const { return state_.accounts[slot_][function.account]; }

    // Errors: function_over_limit, with the limit's name.
    Result<InFlight> admit(const Function& function, uint64_t now_ns);

  private:
    bool take_rate(const Function& function, uint64_t now_ns);

    SharedState& state_;
    size_t slot_;
    size_t workers_;
};

}  // namespace inlay::registry
