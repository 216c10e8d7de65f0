/* mmap() for WASI programs, in place: existing code that maps files reads an object's pages where they lie, without a copy.
 *
 *     clang --target=wasm32-wasi -D_WASI_EMULATED_MMAN program.c sdk/c/inlay_mmap.c -o program.wasm       (without -lwasi-emulated-mman)
 *
 * mmap() of a descriptor: a window of the file, or of the body for descriptor 0. PROT_READ: its own pages. PROT_WRITE with MAP_PRIVATE: what is
 * written is the program's own. What is shared cannot be written (EACCES), and MAP_FIXED is refused (EINVAL). Behind the end of a file nothing is
 * mapped but the rest of its last page. MAP_ANONYMOUS: zeroed memory of the heap. munmap() takes whole mappings only (else EINVAL). A mapping
 * stays when its descriptor is closed. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../../abi/inlay.h"

enum { kAlignment = 4096 };

struct mapping {
    struct mapping* next;
    void* address;
    size_t length;
    int is_window;
};
static struct mapping* mappings;

/* The heap takes all of the memory that there is when it is first used for its own: that has to be before the first window. */
__attribute__((constructor)) static void begin_heap(void) {
    void* volatile first = malloc(1);
    free(first);
}

static void* fail(int error) {
    errno = error;
    return MAP_FAILED;
}

static int errno_of(int32_t code) {
    switch (code) {
        case INLAY_E_ABSENT: return EBADF;
        case INLAY_E_DENIED: return EACCES;
        case INLAY_E_LIMIT:
        case INLAY_E_NO_ROOM: return ENOMEM;
        case INLAY_E_IO: return EIO;
        default: return EINVAL;
    }
}

static void* keep(void* address, size_t length, int is_window) {
    struct mapping* made = malloc(sizeof *made);
    if (!made) {
        if (is_window) inlay_unmap((uint32_t)(uintptr_t)address);
        else free(address);
        return fail(ENOMEM);
    }
    *made = (struct mapping){mappings, address, length, is_window};
    mappings = made;
    return address;
}

static void* map_anonymous(size_t length) {
    void* memory = NULL;
    if (length > SIZE_MAX - kAlignment) return fail(ENOMEM);
    const size_t whole = (length + kAlignment - 1) / kAlignment * kAlignment;
    if (posix_memalign(&memory, kAlignment, whole) != 0) return fail(ENOMEM);
    memset(memory, 0, whole);
    return keep(memory, length, 0);
}

static void* map_file(size_t length, int prot, int fd, off_t offset) {
    inlay_source source;
    inlay_range window;
    if (fd < 0) return fail(EBADF);
    int32_t code = inlay_fd_source((uint32_t)fd, &source);
    if (code != 0) return fail(errno_of(code));
    if ((uint64_t)offset >= source.size) return fail(ENXIO);
    uint64_t there = source.size - (uint64_t)offset;
    if (there > length) there = length;
    code = inlay_map(source.id, (uint64_t)offset, there, prot & PROT_WRITE ? INLAY_MAP_PRIVATE : 0, &window);
    if (code != 0) return fail(errno_of(code));
    return keep((void*)(uintptr_t)window.address, length, 1);
}

void* mmap(void* wanted, size_t length, int prot, int flags, int fd, off_t offset) {
    (void)wanted; /* a wish that nobody has to grant */
    const int is_shared = (flags & MAP_SHARED) != 0, is_private = (flags & MAP_PRIVATE) != 0;
    if (length == 0 || offset < 0 || offset % kAlignment != 0 || is_shared == is_private || (flags & MAP_FIXED)) return fail(EINVAL);
    if (prot & ~(PROT_READ | PROT_WRITE)) return fail(ENOTSUP);
    if (flags & MAP_ANONYMOUS) return map_anonymous(length);
    return is_shared && (prot & PROT_WRITE) ? fail(EACCES) : map_file(length, prot, fd, offset);
}

int munmap(void* address, size_t length) {
    for (struct mapping** at = &mappings; *at; at = &(*at)->next) {
        struct mapping* found = *at;
        if (found->address != address) continue;
        if (length == 0 || (length - 1) / kAlignment < (found->length - 1) / kAlignment) break;
        *at = found->next;
        if (found->is_window) inlay_unmap((uint32_t)(uintptr_t)address);
        else free(address);
        free(found);
        return 0;
    }
    errno = EINVAL;
    return -1;
}

int mprotect(void* address, size_t length, int prot) {
    (void)address, (void)length;
    if (prot == PROT_READ) return 0; /* what is not for writing is that already, and nobody has to be kept from the rest */
    errno = ENOTSUP;
    return -1;
}

int msync(void* address, size_t length, int flags) {
    (void)address, (void)length, (void)flags;
    return 0; /* nothing is shared and written */
}

int madvise(void* address, size_t length, int advice) {
    (void)address, (void)length, (void)advice;
    return 0;
}
