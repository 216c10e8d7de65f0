/* What a program gets from sdk/c/inlay_mmap.c: each claim that does not hold is printed; a sum of all words of the file comes last.
 *
 * mapped FILE, or without: standard input. Beside FILE lies FILE.out, to be written. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void claim(int holds, const char* what) {
    if (!holds) printf("not so: %s (%s)\n", what, strerror(errno));
}

static int fails(void* mapped, int with) { return mapped == MAP_FAILED && errno == with; }

static uint64_t sum(const void* at, size_t length) {
    const unsigned char* bytes = at;
    uint64_t words = 0;
    for (size_t i = 0; i + 8 <= length; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, 8);
        words += word;
    }
    return words;
}

static void check_bad_use(int fd, size_t size) {
    claim(fails(mmap(0, 0, PROT_READ, MAP_PRIVATE, fd, 0), EINVAL), "nothing cannot be mapped");
    claim(fails(mmap(0, 1, PROT_READ, 0, fd, 0), EINVAL), "a mapping is shared or private");
    claim(fails(mmap(0, 1, PROT_READ, MAP_PRIVATE, fd, 100), EINVAL), "an offset is one of a page");
    claim(fails(mmap(0, 1, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0), EINVAL), "no place can be asked for");
    claim(fails(mmap(0, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0), ENOTSUP), "nothing can be executed");
    claim(fails(mmap(0, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EACCES), "what is shared cannot be written");
    claim(fails(mmap(0, 1, PROT_READ, MAP_PRIVATE, fd, (off_t)(size + 4095) / 4096 * 4096), ENXIO), "nothing lies behind the end");
    claim(fails(mmap(0, 1, PROT_READ, MAP_PRIVATE, 99, 0), EBADF), "a descriptor is one that is open");
    claim(fails(mmap(0, 1, PROT_READ, MAP_PRIVATE, -1, 0), EBADF), "a descriptor is none that is negative");
    claim(munmap((void*)4096, 4096) == -1 && errno == EINVAL, "only what was mapped is unmapped");
}

static void check_anonymous(void) {
    unsigned char* memory = mmap(0, 100000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    claim(memory != MAP_FAILED && memory[0] == 0 && memory[99999] == 0 && (uintptr_t)memory % 4096 == 0, "anonymous memory is zeros, by pages");
    memset(memory, 1, 100000);
    claim(munmap(memory, 100000) == 0, "it goes");
    memory = mmap(0, 100000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    claim(memory[50000] == 0, "and comes again as zeros");
}

static void check_private(int fd, const unsigned char* first) {
    unsigned char* own = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    claim(own != MAP_FAILED && own[0] == first[0], "a private mapping has the file's bytes");
    own[0] ^= 0xff;
    claim(own[0] != first[0], "what is written there nobody else sees");
    claim(munmap(own, 1) == 0, "the rest of a page goes with it");
}

/* The heap keeps out of the window, whatever is allocated. */
static void check_heap(const unsigned char* window, size_t size) {
    for (int i = 0; i < 400; i++) {
        unsigned char* block = malloc(100000);
        memset(block, i, 100000);
        claim(block + 100000 <= window || block >= window + size, "the heap lies elsewhere");
    }
}

int main(int argc, char** argv) {
    struct stat found;
    int fd = argc > 1 ? open(argv[1], O_RDONLY) : STDIN_FILENO;
    claim(fd >= 0 && fstat(fd, &found) == 0, "the file is there");
    const size_t size = (size_t)found.st_size;
    unsigned char* all = mmap(0, size, PROT_READ, MAP_PRIVATE, fd, 0);
    claim(all != MAP_FAILED, "it can be mapped");
    check_bad_use(fd, size);
    check_anonymous();
    check_private(fd, all);
    claim(mprotect(all, size, PROT_READ) == 0 && mprotect(all, size, PROT_WRITE) == -1 && errno == ENOTSUP, "it stays as it is");
    unsigned char* second = mmap(0, 8192, PROT_READ, MAP_SHARED, fd, 4096);
    claim(second != MAP_FAILED && memcmp(second, all + 4096, 8192) == 0, "a piece shows what lies there");
    if (argc > 1) close(fd);
    const uint64_t before = sum(all, size);
    check_heap(all, size);
    claim(sum(all, size) == before, "its bytes stay what they are, also when it is closed");
    claim(munmap(all, 4096) == -1 && errno == EINVAL, "only whole mappings go");
    claim(munmap(all, size) == 0 && munmap(all, size) == -1, "once");
    printf("%llu\n", (unsigned long long)before);
    return 0;
}
