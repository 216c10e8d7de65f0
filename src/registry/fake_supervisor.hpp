// For tests: the other end of a SupervisorLink. Look-ups are answered by a thread; the control channel is the test's own.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "os/channel.hpp"
#include "registry/link.hpp"

namespace inlay::registry {

class FakeSupervisor {
  public:
    struct Question {
        uint64_t id = 0;
        Call call{};
        std::string name;
        std::string second;
    };
    // Answers one look-up on the channel given, or does not.
    using OnLookup = std::function<void(const os::Channel&, const Question&)>;

    explicit FakeSupervisor(OnLookup on_lookup = {}) : on_lookup_(std::move(on_lookup)) {
        thread_ = std::thread([this] {
            os::Message message;
            while (true) {
                auto received = lookups_.first.receive(message);
                if (!received.ok() || *received != os::Transfer::done) return;
                WireReader reader(message.bytes);
                Question question{reader.number(), static_cast<Call>(reader.number()), std::string(reader.bytes()),
                                  std::string(reader.bytes())};
                if (!reader.finished()) return;
                asked++;
                if (on_lookup_) on_lookup_(lookups_.first, question);
            }
        });
    }
    // The link must have ended before: the thread reads until then.
    ~FakeSupervisor() { thread_.join(); }

    os::Fd lookups_of_worker() { return lookups_.second.release(); }
    os::Fd control_of_worker() { return control_.second.release(); }
    os::Channel& control() { return control_.first; }

    // The next message of the control channel, which must be there; empty: none came.
    os::Message next_call() {
        os::Message message;
        bool came = control().wait_readable(1000).value() && control().receive(message).value() == os::Transfer::done;
        return came ? std::move(message) : os::Message{};
    }

    std::atomic<int> asked{0};

  private:
    std::pair<os::Channel, os::Channel> lookups_ = os::Channel::create_pair().value();
    std::pair<os::Channel, os::Channel> control_ = os::Channel::create_pair().value();
    OnLookup on_lookup_;
    std::thread thread_;
};

}  // namespace inlay::registry
