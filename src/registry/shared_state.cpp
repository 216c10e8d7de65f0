// Creates and maps the shared memory.
#include "registry/shared_state.hpp"

#include "os/memfd.hpp"

namespace inlay::registry {

Result<os::Fd> SharedMemory::create_file() {
    INLAY_TRY(auto fd, os::create_memfd("inlay-shared", sizeof(SharedState)));
    INLAY_TRY_VOID(os::seal_size(fd.get()));
    return fd;
}

Result<SharedMemory> SharedMemory::open(int fd) {
    INLAY_TRY(auto mapping, os::Mapping::create(fd, 0, sizeof(SharedState), os::Access::read_write, os::Sharing::shared));
    return SharedMemory(std::move(mapping));
}

void publish_change(SharedState& state, uint64_t name_hash) noexcept {
    uint64_t next = state.generation.load(std::memory_order_relaxed);
    state.changed[next % kChangeRingEntries].store(name_hash, std::memory_order_relaxed);
    state.generation.store(next + 1, std::memory_order_release);
}

namespace {

constexpr size_t kEdgeProbes = 64;               // So many places are looked at for a pair.
constexpr uint64_t kEdgeForgotten = UINT64_MAX;  // Free for another pair.

void add(std::atomic<uint64_t>& value, uint64_t n) noexcept { value.fetch_add(n, std::memory_order_relaxed); }

// The place of that pair, or one that it takes. nullptr: there is none.
EdgeAccount* place_of(SharedState& state, uint64_t pair) noexcept {
    EdgeAccount* forgotten = nullptr;
    for (size_t i = 0; i < kEdgeProbes; i++) {
        auto& edge = state.edges[(mixed(pair) + i) % kEdgesMax];
        uint64_t found = edge.pair.load(std::memory_order_relaxed);
        if (found == kEdgeForgotten && !forgotten) forgotten = &edge;
        // A free place ends the search; two processes may take two places for one pair: their counts are added up.
        if (found == 0 && forgotten) break;
        if (found == 0 && edge.pair.compare_exchange_strong(found, pair, std::memory_order_relaxed)) return &edge;
        if (found == pair) return &edge;
    }
    uint64_t free = kEdgeForgotten;
    return forgotten && forgotten->pair.compare_exchange_strong(free, pair, std::memory_order_relaxed) ? forgotten : nullptr;
}

}  // namespace

void count_edge(SharedState& state, uint32_t caller, uint32_t callee, const EdgeUse& use) noexcept {
    EdgeAccount* edge = place_of(state, edge_pair(caller, callee));
    if (!edge) return add(state.edges_not_counted, 1);
    add(edge->calls, 1);
    add(edge->failed, use.failed);
    add(edge->cpu_ns, use.cpu_ns);
    add(edge->mapped_bytes, use.mapped_bytes);
}

void forget_edges(SharedState& state, uint32_t account) noexcept {
    for (auto& edge : state.edges) {
        const uint64_t pair = edge.pair.load(std::memory_order_relaxed);
        if (pair == 0 || (pair >> 32 != account && (pair & UINT32_MAX) != uint64_t{account} + 1)) continue;
        for (auto* value : {&edge.calls, &edge.failed, &edge.cpu_ns, &edge.mapped_bytes}) value->store(0, std::memory_order_relaxed);
        edge.pair.store(kEdgeForgotten, std::memory_order_relaxed);
    }
}

}  // namespace inlay::registry
