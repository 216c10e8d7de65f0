// Host functions: log, clock, randomness, cost.
#include <algorithm>
#include <array>
#include <cstring>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "os/process.hpp"
#include "run/host_api.hpp"

namespace inlay::run::host {

int32_t log(Invocation& invocation, uint32_t level, GuestPtr text, GuestLen length) noexcept {
    if (level > INLAY_LOG_ERROR) return INLAY_E_ARGUMENT;
    auto line = guest_text(invocation, text, length);
    if (!line) return INLAY_E_POINTER;
    if (invocation.add_log(level, *line)) return 0;
    bool too_many = invocation.log_lines >= kLogLinesPerInvocationMax;
    return too_many ? invocation.meet("kLogLinesPerInvocationMax", kLogLinesPerInvocationMax) : invocation.meet(&FunctionLimits::log_bytes);
}

int32_t clock(Invocation& invocation, uint32_t clock, GuestPtr nanoseconds) noexcept {
    if (clock != INLAY_CLOCK_WALL && clock != INLAY_CLOCK_MONOTONIC) return INLAY_E_ARGUMENT;
    const auto& told = invocation.terms.clock;
    uint64_t now = clock == INLAY_CLOCK_WALL ? told.told(wall_ns()) : told.told(monotonic_ns()) - told.told(invocation.began_ns);
    return write_guest(invocation, nanoseconds, now) ? 0 : INLAY_E_POINTER;
}

int32_t random(Invocation& invocation, GuestPtr buffer, GuestLen length) noexcept {
    if (static_cast<uint32_t>(length) > kRandomBytesMax) return invocation.meet("kRandomBytesMax", kRandomBytesMax);
    if (!invocation.memory) return INLAY_E_POINTER;
    auto room = invocation.memory->bytes(buffer, length);
    if (!room) return INLAY_E_POINTER;
    // By way of our own memory: a system call answers a read-only page with EFAULT, where the fault guard would see a copy.
    std::array<uint8_t, 256> piece;
    for (size_t done = 0; done < room->size(); done += piece.size()) {
        size_t count = std::min(piece.size(), room->size() - done);
        os::fill_random(piece.data(), count);
        std::memcpy(room->data() + done, piece.data(), count);  // COPY: random bytes, no content.
    }
    return 0;
}

int32_t cost(Invocation& invocation, GuestPtr out) noexcept {
    inlay_cost_counts counts{invocation.cost.mapped_bytes, invocation.cost.copied.total(), invocation.windows.size(), 0};
    return write_guest(invocation, out, counts) ? 0 : INLAY_E_POINTER;
}

}  // namespace inlay::run::host
