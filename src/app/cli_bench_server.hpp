// BenchServer: a server of one worker on loopback, for measurements, with a data directory that goes with it.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "app/cli_client.hpp"
#include "os/fd.hpp"

namespace inlay::cli {

// Makes the directory in `parent` (empty: where temporary files go). All here throw Failure.
class BenchServer {
  public:
    explicit BenchServer(const std::string& parent);
    // Ends the server and removes the directory.
    ~BenchServer();
    BenchServer(const BenchServer&) = delete;
    BenchServer& operator=(const BenchServer&) = delete;

    const Client& client() const { return *client_; }
    const std::string& directory() const { return directory_; }
    const std::string& port() const { return port_; }

    // A function of class heavy, or express, from its text.
    void deploy(std::string_view name, std::string_view run_class, std::string text) const;
    // What a function answers. Requires: no more than a few bytes.
    std::string invoke(std::string_view name) const;
    // Opens the file of the object's current version.
    os::Fd object_file(std::string_view bucket, std::string_view key) const;

  private:
    void start();
    void await_address(const os::Fd& said);

    std::string directory_;
    pid_t pid_ = 0;
    std::string port_;
    std::unique_ptr<Client> client_;
};

// How many exchanges a second one connection makes with a port of loopback, one after the other, for so long. An exchange ends with
// an empty line.
double exchanges_per_second(const std::string& port, std::string_view request, uint64_t duration_ms);

// Answers each request on one connection after the other with `answer`, and looks at nothing: what is left without a server.
class LoopbackEcho {
  public:
    explicit LoopbackEcho(std::string answer);
    ~LoopbackEcho();
    LoopbackEcho(const LoopbackEcho&) = delete;
    LoopbackEcho& operator=(const LoopbackEcho&) = delete;

    const std::string& port() const { return port_; }

  private:
    struct Acceptor;

    std::unique_ptr<Acceptor> acceptor_;
    std::atomic<bool> ending_ = false;
    std::string port_;
    std::thread thread_;
};

// The head of a server's answer to such a request.
std::string answer_of(const std::string& port, std::string_view request);

}  // namespace inlay::cli
