// Settings to bytes and back.
#include "serve/settings.hpp"

#include "base/wire.hpp"

namespace inlay::serve {

std::string encode(const WorkerSettings& settings) {
    return WireWriter()
        .number(settings.slot)
        .number(settings.workers)
        .number(settings.max_body)
        .number(settings.body_memory)
        .bytes(settings.token)
        .number(settings.lanes)
        .number(static_cast<uint64_t>(settings.send))
        .number(settings.clients.head_timeout_ms)
        .number(settings.clients.idle_timeout_ms)
        .number(settings.clients.stall_timeout_ms)
        .number(settings.clients.rate_min)
        .number(settings.clients.connections)
        .number(settings.clients.connections_per_address)
        .number(settings.clients.requests_per_connection)
        .number(settings.clock_resolution_us)
        .number(settings.pool_slots)
        .number(settings.stream_memory)
        .number(settings.function_memory)
        .take();
}

Result<WorkerSettings> decode_settings(std::string_view bytes) {
    WireReader reader(bytes);
    WorkerSettings settings;
    settings.slot = reader.number();
    settings.workers = reader.number();
    settings.max_body = reader.number();
    settings.body_memory = reader.number();
    settings.token = reader.bytes();
    settings.lanes = reader.number();
    uint64_t send = reader.number();
    settings.send = static_cast<SendWay>(send);
    settings.clients.head_timeout_ms = reader.number();
    settings.clients.idle_timeout_ms = reader.number();
    settings.clients.stall_timeout_ms = reader.number();
    settings.clients.rate_min = reader.number();
    settings.clients.connections = reader.number();
    settings.clients.connections_per_address = reader.number();
    settings.clients.requests_per_connection = reader.number();
    settings.clock_resolution_us = reader.number();
    settings.pool_slots = reader.number();
    settings.stream_memory = reader.number();
    settings.function_memory = reader.number();
    bool fits = settings.slot < settings.workers && settings.workers <= kWorkersMax && send < kSendWayNames.size();
    if (!reader.finished() || !fits) return Error{Errc::internal, "a worker's settings are damaged"};
    return settings;
}

}  // namespace inlay::serve
