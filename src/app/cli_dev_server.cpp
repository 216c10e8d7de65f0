// Starts `inlay serve`, reads its address from what it says, ends it.
#include "app/cli_dev_server.hpp"

#include <fmt/format.h>

#include <csignal>
#include <filesystem>

#include "app/cli_failure.hpp"
#include "base/clock.hpp"
#include "base/limits.hpp"
#include "os/file.hpp"
#include "os/process.hpp"
#include "os/watch.hpp"

namespace inlay::cli {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kStartMs = 20'000;
constexpr uint64_t kEndMs = 3'000;   // What requests may take that are under way at the end.
constexpr size_t kSaidBytesMax = 16 * MiB;
constexpr size_t kLastWordsBytes = 2 * KiB;
constexpr std::string_view kSays = "listening on ";

uint64_t now_ms() { return monotonic_ns() / 1'000'000; }

}  // namespace

DevServer::DevServer(const std::string& directory, unsigned port) {
    try {
        start(directory, port);
    } catch (...) {
        end();
        throw;
    }
}

DevServer::~DevServer() { end(); }

void DevServer::start(const std::string& directory, unsigned port) {
    const auto own = directory + "/.inlay";
    std::error_code error;
    fs::create_directories(own, error);
    if (error) throw client_failure("cannot-write", {"The server has no place for its data", fmt::format("{}: {}", own, error.message()), "Make the project's directory writable"});
    auto place = need(os::open_directory_at(need(os::open_directory(directory)).get(), ".inlay"));
    said_ = need(os::create_file(place.get(), "server.log"));
    log_path_ = own + "/server.log";
    os::ChildPlan plan;
    plan.arguments = {"serve", "--listen", fmt::format("127.0.0.1:{}", port), "--workers", "1", "--data", own + "/data", "--incremental"};
    plan.output = said_.get();
    plan.own_group = true;  // Ctrl-C is ours: it ends when we say so.
    plan.signal_at_our_end = SIGTERM;
    pid_ = need(os::spawn_self(plan));
    process_ = need(os::open_process(pid_));
    await_address();
    client_ = std::make_unique<Client>(parse_server_address(url_), "", Output::json);
}

void DevServer::await_address() {
    const int ended[] = {process_.get()};
    for (uint64_t until_ms = now_ms() + kStartMs; now_ms() < until_ms;) {
        const bool is_gone = os::wait_readable(ended, 10);
        const auto text = need(os::read_from_start(need(os::open_file(log_path_)).get(), kSaidBytesMax));
        const size_t begin = text.find(kSays), stop = text.find('\n', begin == text.npos ? 0 : begin);
        if (begin != text.npos && stop != text.npos) {
            url_ = text.substr(begin + kSays.size(), stop - begin - kSays.size());
            return;
        }
        if (is_gone) break;
    }
    throw client_failure("no-server", {"The project's server does not start", last_words(), "Another inlay dev may run here, or --port be taken"});
}

std::string DevServer::last_words() const {
    auto file = os::open_file(log_path_);
    auto text = file.ok() ? os::read_from_start(file->get(), kSaidBytesMax) : Result<std::string>(file.error());
    if (!text.ok()) return text.error().detail;
    while (!text->empty() && text->back() == '\n') text->pop_back();
    return text->size() > kLastWordsBytes ? text->substr(text->size() - kLastWordsBytes) : *text;
}

void DevServer::end() noexcept {
    if (pid_ < 0) return;
    const int ended[] = {process_.get()};
    os::send_signal(pid_, SIGTERM);
    if (!process_ || !os::wait_readable(ended, kEndMs)) os::send_signal_to_group(pid_, SIGKILL);
    (void)os::wait_for(pid_);
    pid_ = -1;
}

}  // namespace inlay::cli
