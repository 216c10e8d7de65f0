// A bare hand-over of a small message to another process and back: what a lane cannot be faster than.
//
//     handover            command: trip N, answered by the median microseconds of N round trips
//
// 256 bytes go out and 64 come back over a SEQPACKET pair: the size of an invocation and its outcome.
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <vector>

#include "commands.hpp"

namespace {

using bench::require;

constexpr size_t kCallBytes = 256;
constexpr size_t kAnswerBytes = 64;

[[noreturn]] void answer_calls(int channel) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    char call[kCallBytes], answer[kAnswerBytes] = {};
    while (recv(channel, call, sizeof call, 0) == kCallBytes)
        require(send(channel, answer, sizeof answer, 0) == kAnswerBytes, "send");
    _exit(0);
}

std::string median_trip_us(int channel, uint64_t count) {
    std::vector<uint64_t> trips_ns(count);
    char call[kCallBytes] = {}, answer[kAnswerBytes];
    for (auto& trip_ns : trips_ns) {
        uint64_t begin_ns = bench::clock_ns();
        require(send(channel, call, sizeof call, 0) == kCallBytes, "send");
        require(recv(channel, answer, sizeof answer, 0) == kAnswerBytes, "recv");
        trip_ns = bench::clock_ns() - begin_ns;
    }
    return bench::median_us(trips_ns);
}

}  // namespace

int main() {
    int ends[2];
    require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
    pid_t other = fork();
    require(other >= 0, "fork");
    if (other == 0) {
        close(ends[0]);
        answer_calls(ends[1]);
    }
    close(ends[1]);
    bench::serve_commands({{"trip", [&](uint64_t count, uint64_t) { return median_trip_us(ends[0], count); }}});
}
