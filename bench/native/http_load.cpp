// A small load client: keep-alive connections, one request under way on each, latencies of all.
//
//     http_load --port N [--connections N] [--seconds S | --requests N] [--rate R] [--method GET] --target PATH
//               [--body BYTES] [--choose N] [--spin]
//
// Without --rate a connection begins its next request when the last one is answered. With --rate, R requests a second are
// due at fixed times, whatever the server does: each goes out on the connection that has been free the longest, or waits for
// one, and its latency counts from when it was due. So a server that halts is charged for everything that came meanwhile.
//
// "@" in PATH becomes a number of 7 digits: it counts requests or, with --choose, is drawn by chance below N. --spin polls
// without sleeping, which keeps the wake-up of this client out of a latency; it needs a core of its own.
// Prints {"requests": N, "seconds": S, "p50_us": U, "p99_us": U, "p999_us": U, "failed": N}; a failure's answer goes to stderr,
// once.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <random>
#include <string_view>
#include <vector>

#include "commands.hpp"

namespace {

using bench::clock_ns;
using bench::require;

struct Options {
    uint16_t port = 0;
    size_t connections = 1;
    double seconds = 0;
    uint64_t requests = UINT64_MAX;
    double rate = 0;
    std::string method = "GET";
    std::string target;
    size_t body_bytes = 0;
    uint64_t choose = 0;
    bool spin = false;
};

Options read_options(int argc, char** argv) {
    Options options;
    std::map<std::string, std::function<void(const char*)>> known = {
        {"--port", [&](const char* v) { options.port = static_cast<uint16_t>(std::atoi(v)); }},
        {"--connections", [&](const char* v) { options.connections = std::strtoull(v, nullptr, 10); }},
        {"--seconds", [&](const char* v) { options.seconds = std::atof(v); }},
        {"--requests", [&](const char* v) { options.requests = std::strtoull(v, nullptr, 10); }},
        {"--rate", [&](const char* v) { options.rate = std::atof(v); }},
        {"--method", [&](const char* v) { options.method = v; }},
        {"--target", [&](const char* v) { options.target = v; }},
        {"--body", [&](const char* v) { options.body_bytes = std::strtoull(v, nullptr, 10); }},
        {"--choose", [&](const char* v) { options.choose = std::strtoull(v, nullptr, 10); }},
    };
    for (int i = 1; i < argc; i++) {
        if (argv[i] == std::string_view("--spin")) {
            options.spin = true;
            continue;
        }
        auto found = known.find(argv[i]);
        require(found != known.end() && i + 1 < argc, argv[i]);
        found->second(argv[++i]);
    }
    require(options.port != 0 && !options.target.empty(), "--port and --target are needed");
    return options;
}

constexpr size_t kReceiveBytes = 1 << 20;
constexpr size_t kHeadBytesMax = 16 << 10;
constexpr uint64_t kNever = UINT64_MAX;

// One connection: the request under way, and what has come of its response.
struct Exchange {
    int fd = -1;
    std::string head;
    size_t sent_bytes = 0;
    std::string response;  // Its head, and of the content what came with it.
    size_t received_bytes = 0;
    size_t whole_bytes = 0;  // 0: not known yet.
    uint64_t due_ns = 0;
    bool under_way = false;
    bool waits_for_room = false;  // In the socket, for the rest of the request.
};

// The whole length of the response whose head is complete; 0 while it is not.
size_t response_bytes(std::string_view response) {
    size_t end = response.find("\r\n\r\n");
    if (end == response.npos) return 0;
    constexpr std::string_view kLength = "\r\ncontent-length:";
    for (size_t at = 0; at < end; at = response.find("\r\n", at + 2))
        if (strncasecmp(response.data() + at, kLength.data(), kLength.size()) == 0)
            return end + 4 + std::strtoull(response.data() + at + kLength.size(), nullptr, 10);
    return end + 4;
}

class Load {
  public:
    explicit Load(const Options& options)
        : options_(options), body_(options.body_bytes, 'x'), draw_(std::random_device()()), exchanges_(options.connections) {
        poll_ = epoll_create1(EPOLL_CLOEXEC);
        for (auto& exchange : exchanges_) connect_to_server(exchange);
    }

    void run() {
        begin_ns_ = end_ns_ = clock_ns();
        for (auto& exchange : exchanges_) free_.push_back(&exchange);
        begin_due();
        std::vector<epoll_event> events(exchanges_.size());
        while (under_way_ > 0 || next_due_ns(clock_ns()) != kNever) {
            int ready = wait(events);
            for (int i = 0; i < ready; i++) go_on(*static_cast<Exchange*>(events[static_cast<size_t>(i)].data.ptr));
            begin_due();
        }
    }

    void report() {
        std::sort(latencies_us_.begin(), latencies_us_.end());
        auto quantile = [&](double q) {
            return latencies_us_[static_cast<size_t>(q * static_cast<double>(latencies_us_.size() - 1))];
        };
        require(!latencies_us_.empty(), "no response");
        std::printf("{\"requests\": %zu, \"seconds\": %.6f, \"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, \"failed\": %lu}\n",
                    latencies_us_.size(), static_cast<double>(end_ns_ - begin_ns_) / 1e9, quantile(0.5), quantile(0.99),
                    quantile(0.999), failed_);
    }

  private:
    void connect_to_server(Exchange& exchange) {
        exchange.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(options_.port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        require(connect(exchange.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "connect");
        int one = 1;
        setsockopt(exchange.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        require(fcntl(exchange.fd, F_SETFL, O_NONBLOCK) == 0, "O_NONBLOCK");
        watch(exchange, EPOLL_CTL_ADD, EPOLLIN);
    }

    void watch(Exchange& exchange, int operation, uint32_t events) {
        epoll_event event{};
        event.events = events;
        event.data.ptr = &exchange;
        require(epoll_ctl(poll_, operation, exchange.fd, &event) == 0, "epoll_ctl");
    }

    std::string next_target() {
        std::string target = options_.target;
        size_t at = target.find('@');
        if (at == target.npos) return target;
        char digits[24];
        std::snprintf(digits, sizeof digits, "%07lu", options_.choose ? draw_() % options_.choose : started_);
        return target.replace(at, 1, digits);
    }

    // When the next request is to begin; kNever when time or number is used up. Without a rate: now.
    uint64_t next_due_ns(uint64_t now_ns) const {
        if (started_ >= options_.requests) return kNever;
        uint64_t after_ns = now_ns - begin_ns_;
        if (options_.rate > 0) after_ns = static_cast<uint64_t>(static_cast<double>(started_) * 1e9 / options_.rate);
        bool time_is_up = options_.seconds > 0 && static_cast<double>(after_ns) >= options_.seconds * 1e9;
        return time_is_up ? kNever : begin_ns_ + after_ns;
    }

    // Until something arrives or the next request is due and can begin.
    int wait(std::vector<epoll_event>& events) const {
        uint64_t now_ns = clock_ns(), due_ns = free_.empty() ? kNever : next_due_ns(now_ns);
        uint64_t rest_ns = options_.spin || due_ns <= now_ns ? 0 : due_ns - now_ns;
        timespec rest{static_cast<time_t>(rest_ns / 1'000'000'000), static_cast<long>(rest_ns % 1'000'000'000)};
        bool sleeps_until_an_answer = rest_ns > 0 && due_ns == kNever;
        return epoll_pwait2(poll_, events.data(), static_cast<int>(events.size()), sleeps_until_an_answer ? nullptr : &rest,
                            nullptr);
    }

    void begin_due() {
        while (!free_.empty()) {
            uint64_t now_ns = clock_ns(), due_ns = next_due_ns(now_ns);
            if (due_ns > now_ns) return;
            Exchange& exchange = *free_.front();
            free_.pop_front();
            begin(exchange, due_ns);
        }
    }

    void begin(Exchange& exchange, uint64_t due_ns) {
        int fd = exchange.fd;
        exchange = Exchange{};
        exchange.fd = fd;
        exchange.head = options_.method + " " + next_target() + " HTTP/1.1\r\nHost: localhost\r\n";
        if (!body_.empty()) exchange.head += "Content-Length: " + std::to_string(body_.size()) + "\r\n";
        exchange.head += "\r\n";
        exchange.due_ns = due_ns;
        exchange.under_way = true;
        started_++;
        under_way_++;
        send_rest(exchange);
    }

    size_t request_bytes(const Exchange& exchange) const { return exchange.head.size() + body_.size(); }

    void send_rest(Exchange& exchange) {
        size_t of_head = std::min(exchange.sent_bytes, exchange.head.size());
        size_t of_body = exchange.sent_bytes - of_head;
        iovec parts[2] = {{exchange.head.data() + of_head, exchange.head.size() - of_head},
                          {const_cast<char*>(body_.data()) + of_body, body_.size() - of_body}};
        msghdr message{};
        message.msg_iov = parts;
        message.msg_iovlen = 2;
        ssize_t sent = sendmsg(exchange.fd, &message, MSG_NOSIGNAL);
        require(sent >= 0 || errno == EAGAIN, "send");
        if (sent > 0) exchange.sent_bytes += static_cast<size_t>(sent);
        bool unfinished = exchange.sent_bytes < request_bytes(exchange);
        if (unfinished == exchange.waits_for_room) return;
        exchange.waits_for_room = unfinished;
        watch(exchange, EPOLL_CTL_MOD, unfinished ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }

    void go_on(Exchange& exchange) {
        if (exchange.under_way && exchange.sent_bytes < request_bytes(exchange)) send_rest(exchange);
        ssize_t got = recv(exchange.fd, received_.data(), received_.size(), 0);
        if (got < 0 && errno == EAGAIN) return;
        require(got >= 0, "recv");
        if (got == 0) fail_at_end_of_stream(exchange);
        exchange.received_bytes += static_cast<size_t>(got);
        if (exchange.whole_bytes == 0) {
            exchange.response.append(received_.data(), std::min(static_cast<size_t>(got), kHeadBytesMax));
            exchange.whole_bytes = response_bytes(exchange.response);
        }
        if (exchange.whole_bytes == 0 || exchange.received_bytes < exchange.whole_bytes) return;
        finish(exchange);
        begin_due();
    }

    [[noreturn]] static void fail_at_end_of_stream(const Exchange& exchange) {
        std::fprintf(stderr, "the server closed a connection after %zu bytes of a response: %s\n", exchange.received_bytes,
                     exchange.response.c_str());
        std::exit(1);
    }

    void finish(Exchange& exchange) {
        end_ns_ = clock_ns();
        latencies_us_.push_back(static_cast<double>(end_ns_ - exchange.due_ns) / 1e3);
        exchange.under_way = false;
        under_way_--;
        free_.push_back(&exchange);
        if (exchange.response.size() > 9 && exchange.response[9] == '2') return;
        if (failed_++ == 0) std::fprintf(stderr, "%s\n", exchange.response.c_str());
    }

    const Options& options_;
    const std::string body_;
    std::mt19937_64 draw_;
    std::vector<Exchange> exchanges_;
    std::deque<Exchange*> free_;  // The one that has been free the longest comes first.
    std::vector<char> received_ = std::vector<char>(kReceiveBytes);
    int poll_ = -1;
    uint64_t begin_ns_ = 0;
    uint64_t end_ns_ = 0;
    uint64_t started_ = 0;
    uint64_t under_way_ = 0;
    uint64_t failed_ = 0;
    std::vector<double> latencies_us_;
};

}  // namespace

int main(int argc, char** argv) {
    Options options = read_options(argc, argv);
    Load load(options);
    load.run();
    load.report();
}
