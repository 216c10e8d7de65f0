// What clients may take of a server's connections and time.
#pragma once

#include <cstdint>

#include "base/limits.hpp"

namespace inlay {

struct ClientLimits {
    uint64_t head_timeout_ms = kHeadTimeoutMs;
    uint64_t idle_timeout_ms = kIdleTimeoutMs;
    uint64_t stall_timeout_ms = kStallTimeoutMs;
    uint64_t rate_min = kClientRateMin;        // Bytes for each second that a client is waited for.
    uint64_t connections = 0;                  // Of all workers. 0: as many as they can have.
    uint64_t connections_per_address = 0;      // 0: one part in kAddressShare of all.
    uint64_t requests_per_connection = kRequestsPerConnectionMax;
};

}  // namespace inlay
