/* Keeps a libc's allocator away from windows: include this in one source file of a function that links malloc.
 *
 * Problem: many allocators (wasi-libc's among them) take all memory from __heap_base to the end for their own at the
 * *first* allocation. The host grows memory to make room for windows, so an allocator that wakes up after the first
 * window hands out the window's addresses. Once awake it only takes what it grew itself, and windows and heap live side
 * by side.
 *
 * So this allocates once before anything else, in a constructor. Constructors run in `_initialize` of a reactor
 * (-mexec-model=reactor); where the linker made no `_initialize`, they run at the call of inlay_handle. Code that
 * cannot rely on constructors puts INLAY_HEAP_FIRST() at the beginning of inlay_handle instead. A function without
 * malloc needs neither.
 */
#ifndef INLAY_HEAP_H
#define INLAY_HEAP_H

#include <stdlib.h>

/* The pointer is volatile because compilers remove an allocation that nobody sees. */
#define INLAY_HEAP_FIRST()                            \
    do {                                              \
        void* volatile inlay_heap_first_ = malloc(1); \
        free(inlay_heap_first_);                      \
    } while (0)

/* 101 is the first priority that is not reserved: other constructors may map windows. */
__attribute__((constructor(101))) static void inlay_heap_begin(void) { INLAY_HEAP_FIRST(); }

#endif
