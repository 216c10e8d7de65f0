// The clocks that Inlay reads: monotonic for durations, the processor's for what work costs, wall time for what people see.
#pragma once

#include <ctime>
#include <cstdint>

namespace inlay {

// 0 where there is no such clock: of a process that is gone.
inline uint64_t read_clock_ns(clockid_t id) {
    timespec now{};
    clock_gettime(id, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(now.tv_nsec);
}

inline uint64_t monotonic_ns() { return read_clock_ns(CLOCK_MONOTONIC); }
// Up to 4 ms behind, but without reading the hardware: for timeouts of seconds.
inline uint64_t coarse_ms() { return read_clock_ns(CLOCK_MONOTONIC_COARSE) / 1'000'000u; }
inline uint64_t coarse_wall_s() { return read_clock_ns(CLOCK_REALTIME_COARSE) / 1'000'000'000u; }
// Of this thread alone; unlike the monotonic clock it stands while others have the processor. Cost: a system call.
inline uint64_t processor_ns() { return read_clock_ns(CLOCK_THREAD_CPUTIME_ID); }
inline uint64_t wall_ns() { return read_clock_ns(CLOCK_REALTIME); }
inline uint64_t wall_ms() { return wall_ns() / 1'000'000u; }

}  // namespace inlay
