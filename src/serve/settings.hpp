// What a worker is told at its start.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/client_limits.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"
#include "base/send_way.hpp"

namespace inlay::serve {

struct WorkerSettings {
    size_t slot = 0;
    size_t workers = 1;              // All of the server.
    uint64_t max_body = kBodyBytesMaxDefault;
    uint64_t body_memory = 1 * GiB;  // All request bodies in memory at once.
    std::string token;               // Empty: no token is asked for.
    size_t pool_slots = kPoolSlots;  // Instances at once.
    uint64_t function_memory = kMemoryBytesDefault;  // Of a function of which nothing is said at its deploy.
    uint64_t stream_memory = kStreamsPerWorkerMax * kFiberMemoryBytesMax;  // Of all streams' guests.
    size_t lanes = 1;                // Processes for heavy invocations at once.
    SendWay send = SendWay::by_peer;
    ClientLimits clients;
    uint64_t clock_resolution_us = kClockResolutionUs;  // 0: guests see clocks as they are.

    // Streams at once: they leave instances to others, and memory.
    size_t streams_max() const {
        const size_t by_slots = std::min(kStreamsPerWorkerMax, pool_slots - pool_slots / kStreamSlotsShare);
        return std::clamp<size_t>(stream_memory / kFiberMemoryBytesMin, 1, by_slots);
    }
    // What each of them may have of its own.
    uint64_t fiber_memory() const { return std::clamp(stream_memory / streams_max(), kFiberMemoryBytesMin, kFiberMemoryBytesMax); }
};

// As bytes, for the way from the supervisor.
std::string encode(const WorkerSettings& settings);
Result<WorkerSettings> decode_settings(std::string_view bytes);

}  // namespace inlay::serve
