// A small load client: keep-alive connections, one request under way on each, latencies of all.
//
//     http_load --port N [--connections N] [--seconds S | --requests N] [--method GET] --target PATH
//               [--body BYTES] [--choose N] [--spin]
//
// "@" in PATH becomes a number of 7 digits: it counts requests or, with --choose, is drawn by chance below N. --spin polls
// without sleeping, which keeps the wake-up of this client out of a latency; it needs a core of its own.
// Prints {"requests": N, "seconds": S, "p50_us": U, "p99_us": U, "failed": N}; a failure's answer goes to stderr, once.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
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

// One connection: the request under way, and what has come of its response.
struct Exchange {
    int fd = -1;
    std::string request;
    size_t sent_bytes = 0;
    std::string response;
    uint64_t began_ns = 0;
    bool under_way = false;
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
        for (auto& exchange : exchanges_) begin(exchange);
        std::vector<epoll_event> events(exchanges_.size());
        while (under_way_ > 0) {
            int ready = epoll_wait(poll_, events.data(), static_cast<int>(events.size()), options_.spin ? 0 : -1);
            for (int i = 0; i < ready; i++) go_on(*static_cast<Exchange*>(events[static_cast<size_t>(i)].data.ptr));
        }
    }

    void report() {
        std::sort(latencies_us_.begin(), latencies_us_.end());
        auto quantile = [&](double q) {
            return latencies_us_[static_cast<size_t>(q * static_cast<double>(latencies_us_.size() - 1))];
        };
        require(!latencies_us_.empty(), "no response");
        std::printf("{\"requests\": %zu, \"seconds\": %.6f, \"p50_us\": %.1f, \"p99_us\": %.1f, \"failed\": %lu}\n",
                    latencies_us_.size(), static_cast<double>(end_ns_ - begin_ns_) / 1e9, quantile(0.5), quantile(0.99),
                    failed_);
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

    // Begins the next request, unless time or number is used up.
    void begin(Exchange& exchange) {
        uint64_t now_ns = clock_ns();
        bool time_is_up = options_.seconds > 0 && static_cast<double>(now_ns - begin_ns_) >= options_.seconds * 1e9;
        if (time_is_up || started_ >= options_.requests) return;
        exchange.request = options_.method + " " + next_target() + " HTTP/1.1\r\nHost: localhost\r\n";
        if (!body_.empty()) exchange.request += "Content-Length: " + std::to_string(body_.size()) + "\r\n";
        exchange.request += "\r\n" + body_;
        exchange.sent_bytes = 0;
        exchange.response.clear();
        exchange.began_ns = now_ns;
        exchange.under_way = true;
        started_++;
        under_way_++;
        send_rest(exchange);
    }

    void send_rest(Exchange& exchange) {
        size_t rest = exchange.request.size() - exchange.sent_bytes;
        ssize_t sent = send(exchange.fd, exchange.request.data() + exchange.sent_bytes, rest, MSG_NOSIGNAL);
        require(sent >= 0 || errno == EAGAIN, "send");
        if (sent > 0) exchange.sent_bytes += static_cast<size_t>(sent);
        bool unfinished = exchange.sent_bytes < exchange.request.size();
        if (unfinished || static_cast<size_t>(std::max<ssize_t>(sent, 0)) != exchange.request.size())
            watch(exchange, EPOLL_CTL_MOD, unfinished ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }

    void go_on(Exchange& exchange) {
        if (exchange.under_way && exchange.sent_bytes < exchange.request.size()) send_rest(exchange);
        char piece[16384];
        ssize_t got = recv(exchange.fd, piece, sizeof piece, 0);
        if (got < 0 && errno == EAGAIN) return;
        require(got >= 0, "recv");
        if (got == 0) fail_at_end_of_stream(exchange);
        exchange.response.append(piece, static_cast<size_t>(got));
        size_t whole = response_bytes(exchange.response);
        if (whole == 0 || exchange.response.size() < whole) return;
        finish(exchange);
        begin(exchange);
    }

    [[noreturn]] static void fail_at_end_of_stream(const Exchange& exchange) {
        std::fprintf(stderr, "the server closed a connection after %zu bytes of a response: %s\n", exchange.response.size(),
                     exchange.response.c_str());
        std::exit(1);
    }

    void finish(Exchange& exchange) {
        end_ns_ = clock_ns();
        latencies_us_.push_back(static_cast<double>(end_ns_ - exchange.began_ns) / 1e3);
        exchange.under_way = false;
        under_way_--;
        if (exchange.response.size() > 9 && exchange.response[9] == '2') return;
        if (failed_++ == 0) std::fprintf(stderr, "%s\n", exchange.response.c_str());
    }

    const Options& options_;
    const std::string body_;
    std::mt19937_64 draw_;
    std::vector<Exchange> exchanges_;
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
