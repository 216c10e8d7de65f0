// DevServer: a server of a project's own, a child of this process that ends with it, however that happens.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "app/cli_client.hpp"
#include "os/fd.hpp"

namespace inlay::cli {

class DevServer {
  public:
    // Starts one over DIR/.inlay/data, at loopback; port 0 takes a free one. Waits until it serves. Throws Failure with what it said.
    DevServer(const std::string& directory, unsigned port);
    ~DevServer();
    DevServer(const DevServer&) = delete;
    DevServer& operator=(const DevServer&) = delete;

    // Asks it to end, waits a little, ends it; once.
    void end() noexcept;

    const std::string& url() const { return url_; }
    const Client& client() const { return *client_; }
    // Can be read when it has ended.
    int process() const { return process_.get(); }
    // What it has said last, of what it says to its operator.
    std::string last_words() const;

  private:
    void start(const std::string& directory, unsigned port);
    void await_address();
    pid_t pid_ = -1;
    os::Fd process_;
    os::Fd said_;
    std::string log_path_;
    std::string url_;
    std::unique_ptr<Client> client_;
};

}  // namespace inlay::cli
