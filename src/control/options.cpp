// Shares the machine out.
#include "control/options.hpp"

#include <algorithm>

namespace inlay::control {

void fill_in(ServeOptions& options, const Machine& machine) {
    const uint64_t memory = machine.memory_bytes;
    if (options.workers == 0)
        options.workers = std::clamp<size_t>(std::min<uint64_t>(machine.processors, memory / kWorkerBytes), 1, kWorkersMax);
    const uint64_t part = memory / options.workers;
    const size_t lanes = std::min<uint64_t>(kLanesPerProcessor * machine.processors, memory / kLaneBytes);
    options.lanes = std::clamp<size_t>(lanes / options.workers, 1, kLanesPerWorkerMax);
    options.pool_slots = std::clamp<size_t>(part / kPoolSlotBytes, kPoolSlotsMin, kPoolSlots);
    options.stream_memory = part / kFiberMemoryShare;
    options.function_memory = std::min(kMemoryBytesDefault, memory / kMemoryBytesDefaultShare);
    if (options.body_memory == 0) options.body_memory = std::max<uint64_t>(part / kBodyMemoryMachineShare, kBodyMemoryBytesMin);
    if (!options.hot_memory) options.hot_memory = memory / kHotMemoryShare;
    auto& clients = options.clients;
    if (clients.connections == 0) {
        const uint64_t by_descriptors = options.workers * std::min<uint64_t>(kConnectionsPerWorkerMax, machine.descriptors / kConnectionDescriptorShare);
        const uint64_t by_memory = memory / kConnectionMemoryShare / kConnectionBytes;
        clients.connections = std::max<uint64_t>(std::min(by_descriptors, by_memory), 1);
    }
    if (clients.connections_per_address == 0) clients.connections_per_address = std::max<uint64_t>(clients.connections / kAddressShare, 1);
}

}  // namespace inlay::control
