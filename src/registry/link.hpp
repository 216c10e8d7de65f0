// SupervisorLink: a worker's two channels to its supervisor.
//
// Look-ups block: the supervisor answers them at once, from memory or one index read. Control calls do not: each has a
// callback that runs later, on the same thread, from on_readable().
//
// When the supervisor is gone every open call fails with `draining`, and so does every later one.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "os/channel.hpp"
#include "os/pages.hpp"
#include "registry/messages.hpp"

namespace inlay::registry {

// An answer: its fields (read past id and verdict) and descriptors. Valid until: the callback returns.
struct Answer {
    std::string_view fields;
    std::vector<os::Fd>& fds;
};

using AnswerCallback = std::function<void(Result<Answer>)>;

struct FoundObject {
    store::ObjectRecord record;
    os::Pages::Home home = os::Pages::Home::disk;
    os::Fd file;
};

struct FoundFunction {
    store::FunctionRecord record;
    uint32_t account = 0;
    os::Fd compiled;
};

class SupervisorLink {
  public:
    // Both sockets come from the supervisor, which made them before this process.
    SupervisorLink(os::Fd lookups, os::Fd control);

    // nullopt: there is no such thing. Errors: draining: the supervisor is gone; overloaded: it did not answer in time.
    Result<std::optional<FoundObject>> find_object(const ObjectName& name);
    Result<std::optional<FoundFunction>> find_function(const std::string& name);

    // Sends one control call. `fields` follow the head of the question; `fds` are borrowed until this returns.
    // Errors through the callback: overloaded when kControlCallsMax calls are open.
    void call(Call which, std::string fields, const std::vector<int>& fds, AnswerCallback callback);
    // The same without an answer; lost when the channel is full.
    bool tell(Call which, std::string fields);

    // `on_changes` runs when the supervisor says that names have changed, so that what they named can be let go.
    void listen_for_changes(std::function<void()> on_changes) { on_changes_ = std::move(on_changes); }

    // `on_broken(version)` runs when a linked object is about to be written.
    void listen_for_broken_links(std::function<void(std::string_view)> on_broken) { on_broken_link_ = std::move(on_broken); }
    // `on_waiting` runs when wants_to_write() becomes true.
    void listen_for_waiting(std::function<void()> on_waiting) { on_waiting_ = std::move(on_waiting); }

    // For the loop that owns this link.
    int control_fd() const { return control_.fd(); }
    bool wants_to_write() const { return !outbox_.empty(); }
    // Handles what has arrived. False: the supervisor is gone.
    bool on_readable();
    void on_writable();

    bool supervisor_is_gone() const { return gone_; }

  private:
    struct Outgoing {
        std::string bytes;
        std::vector<os::Fd> fds;
    };

    Result<bool> ask(Call which, const std::string& name, const std::string& second);
    void fail(uint64_t id, Error error);
    void fail_all();

    os::Channel lookups_;
    os::Channel control_;
    os::Message received_;  // Reused: one answer at a time.
    uint64_t next_id_ = 1;
    bool gone_ = false;
    std::function<void()> on_changes_;
    std::function<void(std::string_view)> on_broken_link_;
    std::function<void()> on_waiting_;
    std::deque<Outgoing> outbox_;
    std::unordered_map<uint64_t, AnswerCallback> open_;
};

}  // namespace inlay::registry
