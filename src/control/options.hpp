// What `inlay serve` is told, and what it takes of the machine where nothing is said.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/client_limits.hpp"
#include "base/limits.hpp"
#include "base/send_way.hpp"
#include "os/listener.hpp"

namespace inlay::control {

// Numbers that neither systemd nor Debian gives to anybody (https://systemd.io/UIDS-GIDS).
inline constexpr uint32_t kUsersFromDefault = 60'578;
inline constexpr uint32_t kUsersFromMax = INT32_MAX - 1'000;

struct ServeOptions {
    os::Address listen{"127.0.0.1", 8080};
    std::string data_directory = "inlay-data";
    size_t workers = 0;                       // 0: one per processor, see kWorkerBytes.
    std::string token;                        // Empty: none is asked for.
    uint64_t max_body = kBodyBytesMaxDefault;
    SendWay send = SendWay::by_peer;
    ClientLimits clients;
    std::vector<std::string> link_roots;      // Directories whose files may be linked. Empty: none.
    std::optional<uint64_t> hot_memory;       // Of the supervisor, for objects beside their files. None given: see kHotMemoryShare.
    bool sandbox = true;                      // Of workers, lanes and compilers.
    uint32_t users_from = kUsersFromDefault;  // Where we are root: the first of kWorkersMax + 1 users for those; 0: they stay root.
    uint64_t clock_resolution_us = kClockResolutionUs;  // In what steps guests see clocks move; 0: as they are.
    uint64_t body_memory = 0;                 // Per worker. 0: see kBodyMemoryMachineShare.
    bool incremental = false;                 // A function's next version is compiled where it differs; its code is only as good as what all its versions were.

    // Never given, but filled in.
    size_t lanes = 1;                                 // Per worker.
    uint64_t stream_memory = 0;                       // Per worker.
    size_t pool_slots = kPoolSlots;                   // Per worker.
    uint64_t function_memory = kMemoryBytesDefault;   // Of a function of which nothing is said.
};

// What a server may use in all.
struct Machine {
    uint64_t memory_bytes = 0;
    size_t processors = 1;
    size_t descriptors = 0;  // For each process.
};

// Fills in what was not given, so that bodies, outputs, hot objects and connections leave room to the guests' own memory.
void fill_in(ServeOptions& options, const Machine& machine);

}  // namespace inlay::control
