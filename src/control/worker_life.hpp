// WorkerLife: the supervisor's end of one worker process: its channels, as long as it lives.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "control/begun_content.hpp"
#include "os/channel.hpp"
#include "os/fd.hpp"

namespace inlay::control {

// One life of a worker: its channels. Answers for a life that is over go nowhere.
class WorkerLife : public std::enable_shared_from_this<WorkerLife> {
  public:
    using OnMessage = std::function<void(const std::shared_ptr<WorkerLife>&, os::Message&)>;

    // `lookups` and `control` are our ends. Messages of each go to the callback given.
    WorkerLife(boost::asio::io_context& loop, os::Channel lookups, os::Channel control);

    void listen(OnMessage on_lookup, OnMessage on_call);
    // Answers a look-up, at once: the worker waits for it.
    void answer_lookup(const std::string& bytes, const std::vector<int>& fds);
    // Answers a call, in its turn. Takes the descriptor, if any.
    void answer_call(std::string bytes, os::Fd fd = {});
    void end();

    pid_t pid = 0;
    uint64_t started_ms = 0;
    size_t slot = 0;

    // Uploads of this worker that are written while they arrive, by the numbers that it gave them.
    struct Begun {
        std::shared_ptr<BegunContent> content;
        std::string owner;
        bool busy = false;  // Its latest question has not been answered.
    };
    std::unordered_map<uint64_t, Begun> contents;

  private:
    struct Outgoing {
        std::string bytes;
        os::Fd fd;
    };

    void watch(boost::asio::posix::stream_descriptor& readable, const os::Channel& channel, const OnMessage& on_message);
    void flush();

    os::Channel lookups_;
    os::Channel control_;
    boost::asio::posix::stream_descriptor lookups_readable_;
    boost::asio::posix::stream_descriptor control_readable_;
    boost::asio::posix::stream_descriptor control_writable_;
    OnMessage on_lookup_;
    OnMessage on_call_;
    os::Message received_;
    std::deque<Outgoing> outbox_;  // Up to kControlCallsMax: whoever does not take more is ended.
    bool writable_watched_ = false;
    bool ended_ = false;
};

}  // namespace inlay::control
