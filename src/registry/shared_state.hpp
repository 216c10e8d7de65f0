// SharedState: the memory that supervisor and workers share: the feed of changed names and everybody's counters.
//
// The feed makes caches right without asking: whoever changes a name writes its hash into the ring, then raises the generation,
// then acknowledges. A reader whose generation is old forgets the names in between, or everything if the ring has gone round.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "base/hash.hpp"
#include "base/limits.hpp"
#include "base/metrics.hpp"
#include "base/names.hpp"
#include "os/fd.hpp"
#include "os/mapping.hpp"

namespace inlay::registry {

// What one worker has counted for one function. It alone writes it, so nothing of it costs a locked instruction.
struct alignas(64) FunctionAccount {
    std::atomic<uint64_t> invocations;  // Admitted.
    std::atomic<uint64_t> refused;      // At its own limits, before they began.
    std::atomic<uint64_t> overruns;
    std::atomic<uint64_t> cpu_ns;       // Of all attempts; in a worker the time that they had its thread.
    std::atomic<uint64_t> lost_ns;      // Of that: attempts that began again in a lane.
    std::atomic<uint64_t> in_flight;    // Now.

    static void add(std::atomic<uint64_t>& value, uint64_t n) noexcept {
        value.store(value.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
};
using FunctionAccounts = std::array<FunctionAccount, kFunctionsMax>;

// What all workers have counted for one function that another one calls.
struct alignas(64) EdgeAccount {
    std::atomic<uint64_t> pair;    // Of both accounts (edge_pair); 0: free; one that was forgotten is no pair of any.
    std::atomic<uint64_t> calls;
    std::atomic<uint64_t> failed;  // Of them: all that did not complete.
    std::atomic<uint64_t> cpu_ns;
    std::atomic<uint64_t> mapped_bytes;
};
constexpr uint64_t edge_pair(uint32_t caller, uint32_t callee) { return uint64_t{caller} << 32 | (uint64_t{callee} + 1); }

// All zero is its valid beginning, as the kernel gives it. Pages of it that nobody has touched take no memory.
struct SharedState {
    std::atomic<uint64_t> generation;                                  // Changes so far.
    std::array<std::atomic<uint64_t>, kChangeRingEntries> changed;     // Hashes of the latest ones.
    uint64_t seed;                                                     // A secret; set before there is a worker.
    // Connections by a hash of the client's address; one row per worker slot, which it alone writes.
    std::array<std::array<std::atomic<uint16_t>, kAddressPlaces>, kWorkersMax> connections_by_address;
    std::array<std::atomic<uint64_t>, kWorkersMax> running;            // The function whose code each worker runs now (Function::mark); 0: none.
    std::array<CounterBlock, kWorkersMax + 1> counters;                // One per worker slot; the last is the supervisor's.
    std::array<std::atomic<uint64_t>, kFunctionsMax> admitted_until_ns; // By a function's account: how far its rate is used up (registry/admission.hpp).
    std::array<FunctionAccounts, kWorkersMax> accounts;                 // One row per worker slot.
    std::array<EdgeAccount, kEdgesMax> edges;                           // By a hash of their pairs, else in the next free place.
    std::atomic<uint64_t> edges_not_counted;                            // Calls of pairs for which there was no place.
};

struct EdgeUse {
    bool failed = false;
    uint64_t cpu_ns = 0;
    uint64_t mapped_bytes = 0;
};
// Counts one call. Any process, any thread.
void count_edge(SharedState& state, uint32_t caller, uint32_t callee, const EdgeUse& use) noexcept;
// Lets all pairs with this function go, and their counts.
void forget_edges(SharedState& state, uint32_t account) noexcept;

inline uint64_t hash_of_function(std::string_view name) { return fnv1a(name, fnv1a("function/")); }
// Of a version of one; never 0.
inline uint64_t mark_of_version(std::string_view version) { return fnv1a(version, fnv1a("version/")) | 1; }
inline uint64_t hash_of_object(std::string_view bucket, std::string_view key) {
    return fnv1a(key, fnv1a("/", fnv1a(bucket, fnv1a("object/"))));
}

// Maps the shared state; every process that maps the same memfd sees the same.
class SharedMemory {
  public:
    static Result<os::Fd> create_file();
    static Result<SharedMemory> open(int fd);

    SharedState& state() const { return *reinterpret_cast<SharedState*>(mapping_.data()); }
    CounterBlock& worker_counters(size_t slot) const { return state().counters[slot]; }
    CounterBlock& supervisor_counters() const { return state().counters[kWorkersMax]; }

  private:
    explicit SharedMemory(os::Mapping mapping) : mapping_(std::move(mapping)) {}

    os::Mapping mapping_;
};

// The supervisor's end. One thread at a time.
void publish_change(SharedState& state, uint64_t name_hash) noexcept;

// A worker's end: what changed since the last look.
class ChangeReader {
  public:
    explicit ChangeReader(const SharedState& state) : state_(state), seen_(state.generation.load(std::memory_order_acquire)) {}

    // Calls `forget(hash)` for each changed name, or `forget_all()` when too many changed. Nothing new: one load.
    template <class Forget, class ForgetAll>
    void catch_up(Forget forget, ForgetAll forget_all) {
        uint64_t now = state_.generation.load(std::memory_order_acquire);
        if (now == seen_) return;
        if (now - seen_ >= kChangeRingEntries / 2) {
            forget_all();
        } else {
            for (; seen_ != now; seen_++) forget(state_.changed[seen_ % kChangeRingEntries].load(std::memory_order_relaxed));
            // Entries read while the writer went round the ring may be newer ones: then the older are lost.
            if (state_.generation.load(std::memory_order_acquire) - now >= kChangeRingEntries / 2) forget_all();
        }
        seen_ = now;
    }

  private:
    const SharedState& state_;
    uint64_t seen_;
};

}  // namespace inlay::registry
