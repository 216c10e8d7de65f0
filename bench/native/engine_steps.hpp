// The measured sequences of engine_ours and engine_raw, so that both do the same, and the guest that they run.
//
// Commands, each answered by mean nanoseconds:
//     call N                instantiate, call, drop
//     window N BYTES        grow, map and restore one window; the instance around it is not counted
//     whole N BYTES         instantiate, grow, map, call, restore, drop
//     many N WINDOWS        grow, map and restore WINDOWS windows of 64 KiB in one instance; for one window
//
// Running is an instance while it lives: made from `const Guest&`, with call(), place(bytes) and restore().
#pragma once

#include "commands.hpp"

namespace bench {

// A memory with a data image, an entry that does nothing.
inline constexpr const char* kIdleGuest = R"((module
    (memory (export "memory") 2)
    (data (i32.const 1024) "a data image of the module")
    (func (export "inlay_handle") (result i32) i32.const 0)))";

inline constexpr uint64_t kSmallWindowBytes = 64 * 1024;

inline std::string mean_ns(uint64_t total_ns, uint64_t count) {
    return std::to_string(static_cast<double>(total_ns) / static_cast<double>(count));
}

// Runs `step` on `count` fresh instances; only `step` counts.
template <class Running, class Guest, class Step>
uint64_t time_inside(const Guest& guest, uint64_t count, Step step) {
    uint64_t total_ns = 0;
    for (uint64_t i = 0; i < count; i++) {
        Running running(guest);
        uint64_t begin_ns = clock_ns();
        step(running);
        total_ns += clock_ns() - begin_ns;
    }
    return total_ns;
}

// The same, with the making and dropping of the instances.
template <class Running, class Guest, class Step>
uint64_t time_around(const Guest& guest, uint64_t count, Step step) {
    uint64_t begin_ns = clock_ns();
    for (uint64_t i = 0; i < count; i++) {
        Running running(guest);
        step(running);
    }
    return clock_ns() - begin_ns;
}

template <class Running, class Guest>
void serve_engine_steps(const Guest& guest) {
    auto call = [&](uint64_t count, uint64_t) {
        return mean_ns(time_around<Running>(guest, count, [](Running& running) { running.call(); }), count);
    };
    auto window = [&](uint64_t count, uint64_t bytes) {
        auto step = [&](Running& running) {
            running.place(bytes);
            running.restore();
        };
        return mean_ns(time_inside<Running>(guest, count, step), count);
    };
    auto whole = [&](uint64_t count, uint64_t bytes) {
        auto step = [&](Running& running) {
            running.place(bytes);
            running.call();
        };
        return mean_ns(time_around<Running>(guest, count, step), count);
    };
    auto many = [&](uint64_t count, uint64_t windows) {
        auto step = [&](Running& running) {
            for (uint64_t i = 0; i < windows; i++) running.place(kSmallWindowBytes);
            running.restore();
        };
        return mean_ns(time_inside<Running>(guest, count, step), count * windows);
    };
    serve_commands({{"call", call}, {"window", window}, {"whole", whole}, {"many", many}});
}

}  // namespace bench
