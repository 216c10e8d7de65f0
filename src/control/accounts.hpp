// Accounts: which function is accounted for where in the shared state, and what it has used so far.
//
// A function keeps its account from its first look-up until it is removed, over redeploys, whichever workers live and die. Accounts of removed functions go to
// others later than any that were free before, and what is in them then counts for nobody: it is taken off.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

#include "registry/shared_state.hpp"

namespace inlay::control {

// Since the server began, or the function was deployed first.
struct Usage {
    uint64_t invocations = 0;
    uint64_t refused = 0;
    uint64_t overruns = 0;
    uint64_t cpu_us = 0;
    uint64_t lost_us = 0;
    uint64_t in_flight = 0;  // Now.
};

// One thread.
class Accounts {
  public:
    // Of so many workers. `state` outlives this.
    Accounts(const registry::SharedState& state, size_t workers);

    // nullopt: kFunctionsMax functions have one.
    std::optional<uint32_t> account_of(const std::string& name);
    // Gives the account that is free now. nullopt: it had none.
    std::optional<uint32_t> forget(const std::string& name);
    Usage usage_of(const std::string& name) const;
    // As many as were ever given, from 0 on.
    uint32_t given() const { return given_; }

    // Of the functions that used most processor time, in Prometheus' text format.
    std::string metrics() const;
    // Of calls, by who has called whom: the pairs with most calls.
    std::string edge_metrics() const;

  private:
    struct Held {
        uint32_t account = 0;
        Usage before;  // What others had used of it.
    };
    Usage sum_of(uint32_t account) const;
    Usage usage_of(const Held& held) const;

    const registry::SharedState& state_;
    size_t workers_;
    std::unordered_map<std::string, Held> held_;
    std::deque<uint32_t> free_;  // Of removed functions.
    uint32_t given_ = 0;         // From here on nobody ever had one.
};

}  // namespace inlay::control
