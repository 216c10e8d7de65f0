// What a worker is told at its start.
#pragma once

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
    size_t lanes = 1;                // Processes for heavy invocations at once.
    SendWay send = SendWay::by_peer;
    ClientLimits clients;
};

// As bytes, for the way from the supervisor.
std::string encode(const WorkerSettings& settings);
Result<WorkerSettings> decode_settings(std::string_view bytes);

}  // namespace inlay::serve
