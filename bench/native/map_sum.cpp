// What `sum` does, natively: a fresh mapping of the whole file, one pass over its 64-bit words, unmapped again.
//
//     map_sum FILE          command: sum, answered by the sum modulo 2^64
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.hpp"

namespace {

uint64_t add_words(const uint64_t* words, size_t count) {
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) sum += words[i];
    return sum;
}

std::string map_and_sum(const char* path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bench::require(fd >= 0, path);
    struct stat about {};
    bench::require(fstat(fd, &about) == 0, path);
    size_t bytes = static_cast<size_t>(about.st_size);
    void* at = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    bench::require(at != MAP_FAILED, "mmap");
    uint64_t sum = add_words(static_cast<const uint64_t*>(at), bytes / sizeof(uint64_t));
    munmap(at, bytes);
    close(fd);
    return std::to_string(sum);
}

}  // namespace

int main(int argc, char** argv) {
    bench::require(argc == 2, "usage: map_sum FILE");
    bench::serve_commands({{"sum", [&](uint64_t, uint64_t) { return map_and_sum(argv[1]); }}});
}
