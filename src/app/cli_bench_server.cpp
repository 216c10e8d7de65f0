// Starts, asks, ends; and the one connection that is kept.
#include "app/cli_bench_server.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "app/cli_address.hpp"
#include "app/cli_failure.hpp"
#include "base/clock.hpp"
#include "base/limits.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"
#include "os/process.hpp"

namespace inlay::cli {
namespace asio = boost::asio;
using asio::ip::tcp;
namespace {

constexpr uint64_t kStartMs = 10'000;
constexpr size_t kAnswerBytesMax = 64 * KiB;
constexpr std::string_view kSays = "listening on http://127.0.0.1:";

Failure no_bench(std::string detail) {
    return client_failure("no-bench", {"Nothing can be measured here", std::move(detail), "Look at what `inlay doctor` says"});
}

// A connection that is kept, and what has come on it.
class KeptConnection {
  public:
    explicit KeptConnection(const std::string& port) {
        boost::system::error_code error;
        socket_.connect({asio::ip::address_v4::loopback(), static_cast<uint16_t>(std::stoul(port))}, error);
        check(error);
        socket_.set_option(tcp::no_delay(true), error);
    }
    std::string exchange(std::string_view request) {
        boost::system::error_code error;
        asio::write(socket_, asio::buffer(request), error);
        check(error);
        size_t length = asio::read_until(socket_, asio::dynamic_buffer(received_), "\r\n\r\n", error);
        check(error);
        std::string answer = received_.substr(0, length);
        received_.erase(0, length);
        return answer;
    }

  private:
    static void check(boost::system::error_code error) {
        if (error) throw no_bench("a connection over loopback: " + error.message());
    }

    asio::io_context loop_;
    tcp::socket socket_{loop_};
    std::string received_;
};

}  // namespace

BenchServer::BenchServer(const std::string& parent) {
    auto place = (parent.empty() ? std::filesystem::temp_directory_path() : std::filesystem::path(parent)) / "inlay-bench-XXXXXX";
    directory_ = place.string();
    if (::mkdtemp(directory_.data()) == nullptr) throw no_bench("no directory can be made at " + place.string());
    try {
        start();
    } catch (...) {
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
        throw;
    }
}

BenchServer::~BenchServer() {
    os::send_signal(pid_, SIGTERM);
    (void)os::wait_for(pid_);
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

void BenchServer::start() {
    auto said = need(os::create_memfd("inlay-bench", 0));
    os::ChildPlan plan;
    plan.arguments = {"serve", "--listen", "127.0.0.1:0", "--workers", "1", "--clock-resolution-us", "0", "--data", directory_};
    plan.output = said.get();
    plan.signal_at_our_end = SIGTERM;
    pid_ = need(os::spawn_self(plan));
    try {
        await_address(said);
    } catch (...) {
        os::send_signal(pid_, SIGKILL);
        (void)os::wait_for(pid_);
        throw;
    }
    client_ = std::make_unique<Client>(parse_server_address("127.0.0.1:" + port_), "", Output::json);
}

void BenchServer::await_address(const os::Fd& said) {
    std::string text;
    for (uint64_t until_ms = coarse_ms() + kStartMs; coarse_ms() < until_ms; std::this_thread::sleep_for(std::chrono::milliseconds(10))) {
        text = need(os::read_from_start(said.get(), kAnswerBytesMax));
        size_t begin = text.find(kSays), end = text.find('\n', begin == text.npos ? 0 : begin);
        if (begin == text.npos || end == text.npos) continue;
        port_ = text.substr(begin + kSays.size(), end - begin - kSays.size());
        return;
    }
    throw no_bench("a server does not start: " + text);
}

void BenchServer::deploy(std::string_view name, std::string_view run_class, std::string text) const {
    TextSource module(std::move(text));
    client_->ask({"PUT", function_target(name) + "?class=" + std::string(run_class), {{"Content-Type", "application/wasm"}}, &module});
}

std::string BenchServer::invoke(std::string_view name) const {
    TextSink answer(kAnswerBytesMax);
    client_->send({"GET", "/f/" + std::string(name)}, answer);
    return answer.text();
}

os::Fd BenchServer::object_file(std::string_view bucket, std::string_view key) const {
    auto about = client_->ask({"GET", object_target(bucket, key) + "?pages=1"});
    auto version = about.at("version").get<std::string>();
    return need(os::open_file(directory_ + "/objects/" + version.substr(version.size() - 2) + "/" + version));
}

double exchanges_per_second(const std::string& port, std::string_view request, uint64_t duration_ms) {
    KeptConnection connection(port);
    connection.exchange(request);
    uint64_t begin_ns = monotonic_ns(), now_ns = begin_ns, count = 0;
    for (; now_ns - begin_ns < duration_ms * 1'000'000; now_ns = monotonic_ns(), count++) connection.exchange(request);
    return static_cast<double>(count) * 1e9 / static_cast<double>(now_ns - begin_ns);
}

std::string answer_of(const std::string& port, std::string_view request) { return KeptConnection(port).exchange(request); }

struct LoopbackEcho::Acceptor {
    asio::io_context loop;
    tcp::acceptor socket{loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
};

LoopbackEcho::LoopbackEcho(std::string answer) : acceptor_(std::make_unique<Acceptor>()) {
    port_ = std::to_string(acceptor_->socket.local_endpoint().port());
    thread_ = std::thread([this, answer = std::move(answer)] {
        for (;;) {
            boost::system::error_code error;
            tcp::socket client = acceptor_->socket.accept(error);
            if (error || ending_) return;
            client.set_option(tcp::no_delay(true), error);
            std::array<char, 4096> room;
            while (client.read_some(asio::buffer(room), error) > 0 && !error) asio::write(client, asio::buffer(answer), error);
        }
    });
}

// What waits for a client is given a last one.
LoopbackEcho::~LoopbackEcho() {
    ending_ = true;
    KeptConnection last(port_);
    thread_.join();
}

}  // namespace inlay::cli
