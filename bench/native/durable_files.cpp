// The least that durable PUTs of 4 KiB must wait for, natively: the reference of the PUT figure.
//
//     durable_files DIR SECONDS THREADS          prints {"requests": N, "seconds": S}
//
// Each thread, over and over: an unnamed file, 4 KiB, fsync, link, fsync of its directory (one of 256), then 200 bytes
// appended to one log and fdatasync, which stands for the catalog.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "commands.hpp"

namespace {

using bench::require;

constexpr size_t kShards = 256;
constexpr size_t kObjectBytes = 4096;
constexpr size_t kRecordBytes = 200;

struct Place {
    std::string path;
    int log = -1;
    std::vector<int> shards;
    std::atomic<uint64_t> objects{0};
};

std::string shard_path(const Place& place, size_t shard) { return place.path + "/" + std::to_string(shard); }

void open_place(Place& place) {
    place.log = open((place.path + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    require(place.log >= 0, "log");
    for (size_t i = 0; i < kShards; i++) {
        std::string path = shard_path(place, i);
        require(mkdir(path.c_str(), 0755) == 0 || errno == EEXIST, "mkdir");
        place.shards.push_back(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        require(place.shards.back() >= 0, "shard");
    }
}

void store_one(Place& place, const std::vector<char>& content) {
    uint64_t number = place.objects.fetch_add(1);
    size_t shard = number % kShards;
    int file = open(shard_path(place, shard).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);
    require(file >= 0, "O_TMPFILE");
    require(write(file, content.data(), kObjectBytes) == kObjectBytes, "write");
    require(fsync(file) == 0, "fsync");
    std::string unnamed = "/proc/self/fd/" + std::to_string(file);
    std::string name = std::to_string(number);
    require(linkat(AT_FDCWD, unnamed.c_str(), place.shards[shard], name.c_str(), AT_SYMLINK_FOLLOW) == 0, "link");
    close(file);
    require(fsync(place.shards[shard]) == 0, "fsync of a directory");
    require(write(place.log, content.data(), kRecordBytes) == kRecordBytes, "append");
    require(fdatasync(place.log) == 0, "fdatasync");
}

}  // namespace

int main(int argc, char** argv) {
    require(argc == 4, "usage: durable_files DIR SECONDS THREADS");
    Place place;
    place.path = argv[1];
    open_place(place);
    std::vector<char> content(kObjectBytes, 'x');
    uint64_t begin_ns = bench::clock_ns();
    uint64_t end_ns = begin_ns + static_cast<uint64_t>(std::atof(argv[2]) * 1e9);
    std::vector<std::thread> threads;
    for (int i = 0; i < std::atoi(argv[3]); i++)
        threads.emplace_back([&] {
            while (bench::clock_ns() < end_ns) store_one(place, content);
        });
    for (auto& thread : threads) thread.join();
    double seconds = static_cast<double>(bench::clock_ns() - begin_ns) / 1e9;
    std::printf("{\"requests\": %lu, \"seconds\": %.6f}\n", place.objects.load(), seconds);
}
