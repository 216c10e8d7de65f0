/* Part of inlay_testing.h: memory for windows, at addresses that fit 32 bits, and 32-bit names for all other addresses.
 *
 * The contract's addresses have 32 bits and native pointers 64. A window therefore gets real memory below 2 GiB, where a pointer
 * and its address are the same number (also under AddressSanitizer, which leaves that part alone). Literals, statics, the stack
 * and the heap lie anywhere; a range of them goes by a *name*: each MiB of the process that occurs is numbered, and the name
 * is 0xc0000000 plus that number of MiB plus the place within.
 *
 *     0x10000000 ... 0x7f000000   windows, each with its guard behind it
 *     0xc0000000 ... 0xffffffff   names of other memory
 *
 * Input windows are read-only and unmapped ones inaccessible: a store, or a load after unmap, is a SIGSEGV where it happens. Of the
 * bytes around a window 64 behind it can be loaded; AddressSanitizer knows that of the others.
 */
#ifndef INLAY_TESTING_MEMORY_H
#define INLAY_TESTING_MEMORY_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>

#include "inlay_sdk.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define INLAY_TEST_POISON(address, size) ASAN_POISON_MEMORY_REGION(address, size)
#define INLAY_TEST_UNPOISON(address, size) ASAN_UNPOISON_MEMORY_REGION(address, size)
#else
#define INLAY_TEST_POISON(address, size) ((void)(address), (void)(size))
#define INLAY_TEST_UNPOISON(address, size) ((void)(address), (void)(size))
#endif

enum {
    INLAY_TEST_PAGE = 65536,
    INLAY_TEST_OVER_READ = 64,
    INLAY_TEST_COPY_THRESHOLD = 16384,
    INLAY_TEST_NAMED_BYTES = 1 << 20,
    INLAY_TEST_NAMES_MAX = 1024
};
#define INLAY_TEST_WINDOWS_BEGIN 0x10000000u
#define INLAY_TEST_WINDOWS_END 0x7f000000u
#define INLAY_TEST_NAMES_BEGIN 0xc0000000u

typedef struct inlay_test_bytes {
    const uint8_t* data;
    uint64_t size;
} inlay_test_bytes;

/* Memory of a window. It stays until inlay_test_begin, also after unmap: its bytes may have been responded. */
typedef struct inlay_test_window {
    struct inlay_test_window* next;
    uint32_t address; /* of the window; the memory begins at most a page before */
    uint32_t length;
    uint32_t area;       /* where the memory begins, */
    uint32_t area_bytes; /* and how much there is of it */
    int64_t source;      /* -1: an output, or a piece of a stream */
    uint64_t offset;
    uint32_t flags;
    uint32_t is_mapped;
} inlay_test_window;

typedef struct inlay_test_memory {
    inlay_test_window* windows;
    uint32_t next_address;
    uint32_t names;
    uintptr_t named[INLAY_TEST_NAMES_MAX];
    void** kept; /* a list: each block begins with the pointer to the one before */
} inlay_test_memory;

static inlay_test_memory inlay_test_memory_ = {0, INLAY_TEST_WINDOWS_BEGIN, 0, {0}, 0};

static inline void* inlay_test_at(uint32_t address) { return (void*)(uintptr_t)address; }

/* Zeroed memory until inlay_test_begin. */
static inline void* inlay_test_new(size_t size) {
    void** block = (void**)calloc(1, sizeof(void*) * 2 + size);
    if (block == 0) abort();
    block[0] = inlay_test_memory_.kept;
    inlay_test_memory_.kept = block;
    return block + 2;
}

static inline inlay_test_bytes inlay_test_keep(const void* data, uint64_t size) {
    uint8_t* kept = (uint8_t*)inlay_test_new((size_t)size + 1); /* a zero behind it, for texts */
    if (size != 0) memcpy(kept, data, (size_t)size);
    inlay_test_bytes bytes = {kept, size};
    return bytes;
}

static inline void inlay_test_forget_memory(void) {
    inlay_test_memory* memory = &inlay_test_memory_;
    for (inlay_test_window* window = memory->windows; window != 0; window = window->next) {
        INLAY_TEST_UNPOISON(inlay_test_at(window->area), window->area_bytes);
        munmap(inlay_test_at(window->area), window->area_bytes);
    }
    while (memory->kept != 0) {
        void** block = memory->kept;
        memory->kept = (void**)block[0];
        free(block);
    }
    memory->windows = 0;
    memory->next_address = INLAY_TEST_WINDOWS_BEGIN;
    memory->names = 0;
}

/* Memory at an address below 2 GiB; 0: there is none left. A page behind it stays free. */
static inline uint32_t inlay_test_area(uint64_t bytes) {
    inlay_test_memory* memory = &inlay_test_memory_;
    while (bytes + INLAY_TEST_PAGE <= INLAY_TEST_WINDOWS_END - memory->next_address) {
        uint32_t address = memory->next_address;
        int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
#ifdef MAP_FIXED_NOREPLACE
        flags |= MAP_FIXED_NOREPLACE;
#endif
        void* got = mmap(inlay_test_at(address), (size_t)bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
        memory->next_address += (uint32_t)bytes + INLAY_TEST_PAGE;
        if (got == inlay_test_at(address)) return address;
        if (got != MAP_FAILED) munmap(got, (size_t)bytes); /* something of the process lies there: further on */
    }
    return 0;
}

/* Fills a window and closes it as its flags say. */
static inline void inlay_test_fill(inlay_test_window* window, const uint8_t* data) {
    uint8_t* begin = (uint8_t*)inlay_test_at(window->address);
    int protection = window->source < 0 || (window->flags & INLAY_MAP_PRIVATE) != 0 ? PROT_READ | PROT_WRITE : PROT_READ;
    mprotect(inlay_test_at(window->area), window->area_bytes, PROT_READ | PROT_WRITE);
    if (data != 0) memcpy(begin, data, window->length);
    mprotect(inlay_test_at(window->area), window->area_bytes, protection);
}

/* A window of these bytes, or of zeros; 0: there is no room. Requires: length > 0. */
static inline inlay_test_window* inlay_test_place(const uint8_t* data, uint64_t length, int64_t source, uint64_t offset) {
    uint64_t lead = offset % 4096;
    uint64_t bytes = (lead + length + INLAY_TEST_OVER_READ + INLAY_TEST_PAGE - 1) / INLAY_TEST_PAGE * INLAY_TEST_PAGE;
    uint32_t area = length > INLAY_TEST_WINDOWS_END ? 0 : inlay_test_area(bytes);
    if (area == 0) return 0;
    inlay_test_window* window = (inlay_test_window*)inlay_test_new(sizeof *window);
    window->area = area;
    window->area_bytes = (uint32_t)bytes;
    window->address = area + (uint32_t)lead;
    window->length = (uint32_t)length;
    window->source = source;
    window->offset = offset;
    window->is_mapped = 1;
    window->next = inlay_test_memory_.windows;
    inlay_test_memory_.windows = window;
    uint8_t* end = (uint8_t*)inlay_test_at(window->address) + length;
    memset(end, 0xa5, INLAY_TEST_OVER_READ); /* what these hold is not said */
    inlay_test_fill(window, data);
    INLAY_TEST_POISON(inlay_test_at(area), lead);
    INLAY_TEST_POISON(end + INLAY_TEST_OVER_READ, bytes - lead - length - INLAY_TEST_OVER_READ);
    return window;
}

/* Nobody may look at it any more but the host. */
static inline void inlay_test_close_window(inlay_test_window* window) {
    window->is_mapped = 0;
    mprotect(inlay_test_at(window->area), window->area_bytes, PROT_NONE);
}

/* The mapped window that holds the whole range; 0: there is none. */
static inline inlay_test_window* inlay_test_window_of(uint32_t address, uint32_t length) {
    for (inlay_test_window* window = inlay_test_memory_.windows; window != 0; window = window->next) {
        uint64_t end = (uint64_t)window->address + window->length;
        if (window->is_mapped && address >= window->address && (uint64_t)address + length <= end) return window;
    }
    return 0;
}

/* What inlay_range_of calls natively. */
#ifdef __cplusplus
extern "C"
#endif
uint32_t inlay_address_of(const void* pointer) {
    inlay_test_memory* memory = &inlay_test_memory_;
    uintptr_t block = (uintptr_t)pointer / INLAY_TEST_NAMED_BYTES;
    uint32_t number = 0;
    if (pointer == 0) return 0;
    if ((uintptr_t)pointer <= UINT32_MAX && inlay_test_window_of((uint32_t)(uintptr_t)pointer, 0) != 0) return (uint32_t)(uintptr_t)pointer;
    while (number < memory->names && memory->named[number] != block) number++;
    if (number == INLAY_TEST_NAMES_MAX) {
        fprintf(stderr, "inlay_testing.h: ranges lie in more than %d MiB of the process's own memory\n", INLAY_TEST_NAMES_MAX);
        abort();
    }
    if (number == memory->names) memory->named[memory->names++] = block;
    return INLAY_TEST_NAMES_BEGIN + number * INLAY_TEST_NAMED_BYTES + (uint32_t)((uintptr_t)pointer % INLAY_TEST_NAMED_BYTES);
}

/* Where the function's own memory of that name lies; 0: nobody has asked for it. */
static inline const uint8_t* inlay_test_own(uint32_t address) {
    uint32_t number = (address - INLAY_TEST_NAMES_BEGIN) / INLAY_TEST_NAMED_BYTES;
    if (address < INLAY_TEST_NAMES_BEGIN || number >= inlay_test_memory_.names) return 0;
    return (const uint8_t*)(inlay_test_memory_.named[number] * INLAY_TEST_NAMED_BYTES + address % INLAY_TEST_NAMED_BYTES);
}

#endif
