// Terms: under which conditions one attempt of an invocation runs.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/coarse_clock.hpp"
#include "base/limits.hpp"
#include "registry/trace.hpp"

namespace inlay::run {

enum class Place {
    express,  // In a worker, within the express budget; over it the attempt is dropped: Unfinished.
    inline_,  // In a worker to its end: no lane can be had.
    fiber,    // In a worker, on a stack of its own, a slice at a time: a stream.
    lane,     // In a process of its own, a lane or `inlay run`, which is ended at the deadline.
};

// What all calls of one request have in common.
struct Tree {
    uint64_t calls_left = kCallsMax;
};

struct Terms {
    uint64_t id = 0;           // Names the invocation in logs.
    unsigned attempt = 1;      // Of this invocation; each begins from the same inputs.
    Place place = Place::inline_;
    uint64_t deadline_ns = 0;  // Of the monotonic clock, for the whole invocation.
    CoarseClock clock{};       // What the guest is told of the time.
    unsigned depth = 0;        // So many callers stand above it.
    uint64_t calls_max = kCallsMax;  // That it may make, and those that it calls.
    uint64_t fiber_memory = kFiberMemoryBytesMax;  // What it may have of its own on a fiber.
    bool small_pieces = false; // Its result has to go into a message.
    Tree* tree = nullptr;      // Of a call that runs inside of its caller. Outlives it.
    registry::TraceId trace{}; // Where its calls are told of one by one; it itself is one
    uint64_t parent = 0;       // of this.
    uint64_t caller_interrupt_ns = 0;  // When the caller would be interrupted; 0: it is not.

    // Where it may not wait for a disk, nor take its time with what cannot be interrupted.
    bool is_in_worker() const { return place == Place::express || place == Place::fiber; }
    // What a guest's own heap may give a response inside of our messages; more goes into pages.
    size_t heap_inline_max() const { return place == Place::lane || small_pieces ? kPublishInlineMax : kHeapRangeCopyMax; }
};

}  // namespace inlay::run
