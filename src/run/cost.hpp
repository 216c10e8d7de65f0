// Cost: what one invocation moved and how long it took.
#pragma once

#include <cstdint>

namespace inlay::run {

// Why content bytes were copied by the CPU.
struct CopiedBytes {
    uint64_t body_head = 0;  // Came in the same segment as the request's head, or in small chunks.
    uint64_t small = 0;      // Pieces below the copy threshold.
    uint64_t heap = 0;       // Response or object from a guest's own heap.
    uint64_t fallback = 0;   // The filesystem could not take pages.
    uint64_t wasi = 0;       // What a WASI program read and wrote.

    uint64_t total() const { return body_head + small + heap + fallback + wasi; }
    void add(const CopiedBytes& other) {
        body_head += other.body_head;
        small += other.small;
        heap += other.heap;
        fallback += other.fallback;
        wasi += other.wasi;
    }
};

struct Cost {
    uint64_t mapped_bytes = 0;
    CopiedBytes copied;
    uint64_t private_bytes = 0;
    uint64_t instantiate_us = 0;
    uint64_t run_us = 0;
    uint64_t cpu_ns = 0;      // Of one attempt; in a worker the time that it had the thread. Without its calls, which have had
    uint64_t callees_ns = 0;  // so much in between.
};

}  // namespace inlay::run
