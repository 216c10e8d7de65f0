// What `sum` and `sample` do, natively: a fresh mapping of the file, the words, unmapped again.
//
//     map_sum FILE          commands:
//         sum                   all words; answered by the sum modulo 2^64
//         cold                  the same, told to the kernel as sequential
//         sample N TIMES        N words drawn by chance, told to the kernel as random; answered by the median microseconds
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "commands.hpp"

namespace {

class MappedFile {
  public:
    explicit MappedFile(const char* path) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        bench::require(fd >= 0, path);
        struct stat about {};
        bench::require(fstat(fd, &about) == 0, path);
        bytes_ = static_cast<size_t>(about.st_size);
        at_ = mmap(nullptr, bytes_, PROT_READ, MAP_PRIVATE, fd, 0);
        bench::require(at_ != MAP_FAILED, "mmap");
        close(fd);
    }
    MappedFile(const MappedFile&) = delete;
    ~MappedFile() { munmap(at_, bytes_); }

    void advise(int how) const { bench::require(madvise(at_, bytes_, how) == 0, "madvise"); }
    const uint64_t* words() const { return static_cast<const uint64_t*>(at_); }
    size_t count() const { return bytes_ / sizeof(uint64_t); }

  private:
    void* at_;
    size_t bytes_;
};

std::string sum(const MappedFile& file) {
    uint64_t sum = 0;
    const uint64_t* words = file.words();
    for (size_t i = 0, count = file.count(); i < count; i++) sum += words[i];
    return std::to_string(sum);
}

// Draws as examples/sample.c does.
uint64_t sample(const char* path, uint64_t draws, uint64_t seed) {
    MappedFile file(path);
    file.advise(MADV_RANDOM);
    uint64_t sum = 0, x = seed;
    for (; draws != 0; draws--) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        sum += file.words()[(x >> 33) % file.count()];
    }
    return sum;
}

std::string median_sample_us(const char* path, uint64_t draws, uint64_t times) {
    std::vector<uint64_t> took_ns(times);
    [[maybe_unused]] volatile uint64_t kept = 0;  // So that the words are really read.
    for (auto& ns : took_ns) {
        uint64_t begin_ns = bench::clock_ns();
        kept = sample(path, draws, begin_ns);
        ns = bench::clock_ns() - begin_ns;
    }
    return bench::median_us(took_ns);
}

}  // namespace

int main(int argc, char** argv) {
    bench::require(argc == 2, "usage: map_sum FILE");
    auto all = [&](uint64_t, uint64_t) { return sum(MappedFile(argv[1])); };
    auto cold = [&](uint64_t, uint64_t) {
        MappedFile file(argv[1]);
        file.advise(MADV_SEQUENTIAL);
        return sum(file);
    };
    auto some = [&](uint64_t draws, uint64_t times) { return median_sample_us(argv[1], draws, times); };
    bench::serve_commands({{"sum", all}, {"cold", cold}, {"sample", some}});
}
