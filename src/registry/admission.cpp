// Sums what all workers have under way, and moves the time of a bucket on.
#include "registry/admission.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.hpp"

namespace inlay::registry {
namespace {

constexpr uint64_t kSecondNs = 1'000'000'000;

Error over_limit(const store::FunctionRecord& record, std::string_view limit, uint64_t value, std::string_view what) {
    return Error{Errc::function_over_limit, fmt::format("function {:?} has {} {}, its {}: retry later, or deploy it with --limit {}=N",
                                                        record.name, value, what, limit, limit)};
}

}  // namespace

Result<InFlight> Admission::admit(const Function& function, uint64_t now_ns) {
    const auto& limits = function.record.limits;
    auto& account = account_of(function);
    uint64_t in_flight = 0;
    for (size_t slot = 0; slot < workers_; slot++) in_flight += state_.accounts[slot][function.account].in_flight.load(std::memory_order_relaxed);
    if (in_flight >= limits.concurrency) {
        FunctionAccount::add(account.refused, 1);
        return over_limit(function.record, "concurrency", limits.concurrency, "invocations under way");
    }
    if (limits.rate < kRateMax && !take_rate(function, now_ns)) {
        FunctionAccount::add(account.refused, 1);
        return over_limit(function.record, "rate", limits.rate, "invocations begun within a second");
    }
    FunctionAccount::add(account.invocations, 1);
    return InFlight(account);
}

// The bucket is empty when it is used up for a second from now on.
bool Admission::take_rate(const Function& function, uint64_t now_ns) {
    auto& until_ns = state_.admitted_until_ns[function.account];
    uint64_t one_ns = kSecondNs / function.record.limits.rate;
    uint64_t seen = until_ns.load(std::memory_order_relaxed);
    for (;;) {
        uint64_t used = std::max(seen, now_ns);
        if (used + one_ns > now_ns + kSecondNs) return false;
        if (until_ns.compare_exchange_weak(seen, used + one_ns, std::memory_order_relaxed)) return true;
    }
}

}  // namespace inlay::registry
