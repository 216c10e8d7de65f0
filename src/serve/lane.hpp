// Lane: a worker's end of one lane process, which runs the invocations of one function, one at a time.
//
// What the lane asks for while a guest runs is answered here, from the worker's own tables. A lane is not trusted: what it says
// is checked like what a guest says, and one that breaks the protocol is ended.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "os/channel.hpp"
#include "registry/admission.hpp"
#include "registry/function.hpp"
#include "registry/messages.hpp"
#include "run/lane_messages.hpp"
#include "run/supply.hpp"
#include "serve/deadlines.hpp"

namespace inlay::serve {

class Children;
class LaneStream;
class Worker;

class Lane final : public Deadlines::Entry {
  public:
    // Has the supervisor start a process and gives it the function's best code. Errors: draining, overloaded, io_error.
    static boost::asio::awaitable<Result<std::shared_ptr<Lane>>> create(Worker& worker,
                                                                        std::shared_ptr<const registry::Function> function);
    // Ends the process.
    ~Lane() override;
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;

    // Runs one invocation to its end or its deadline. `stream`: of a request with a ring. Requires: nothing runs in it. The lane
    // may be dead afterwards.
    boost::asio::awaitable<run::Outcome> run(const run::Request& request, const run::Terms& terms, LaneStream* stream);

    // During a run, for its stream: tells the guest of the body; and lets the guest's time, all of it, begin again, or rest while
    // it waits for its client.
    void tell(WireWriter message);
    void let_time_run(bool runs);

    bool is_of(const registry::Function& function) const { return function_->record.version == function.record.version; }
    // Whether it is the right one for this version of the function, with the best code there is.
    bool serves(const registry::Function& function) const;
    // Whether its process is there. Requires: idle, so it has nothing to say.
    bool still_there() const;
    bool alive() const { return alive_; }
    // Nothing runs in it. From then on it ends by itself after kLaneIdleMs: `alive` no more.
    bool idle() const { return idle_; }
    void set_idle(bool idle);
    // Kills the process: `alive` no more.
    void end();
    // The same during a run that nobody wants any more.
    void cancel();

    void on_deadline() override;

  private:
    // The process: a descriptor that ends it, and a number that tells what it has used of the processor.
    struct Process {
        os::Fd fd;
        pid_t pid = 0;
    };
    // A call that the guest is in.
    struct Call {
        std::shared_ptr<const registry::Function> function;
        registry::InFlight in_flight;
        uint64_t id;
        uint64_t began_ns;
        size_t log_lines = 0;
        uint64_t log_bytes = 0;
    };
    Lane(Worker& worker, std::shared_ptr<const registry::Function> function, os::Channel channel, Process process);

    bool send(WireWriter message, const std::vector<int>& fds);
    bool answer_messages(const run::Request& request, const run::Terms& terms, std::optional<run::Outcome>& outcome);
    bool answer_message(const run::Request& request, const run::Terms& terms, std::optional<run::Outcome>& outcome);
    bool answer_open(const run::Request& request, WireReader& reader);
    bool answer_size(const run::Request& request, WireReader& reader);
    bool answer_output(WireReader& reader);
    bool answer_too_many();
    bool let_go(WireReader& reader);
    bool has_room_for(size_t files) const;
    Result<std::shared_ptr<const registry::Object>> find_object(const run::Request& request, const ObjectName& name);
    bool answer_callee(WireReader& reader);
    bool answer_spawn(WireReader& reader, const run::Terms& terms);
    bool answer_await();
    bool drop_child(WireReader& reader);
    void tell_news();
    void take_room_back();
    os::Transfer send_news(uint64_t id, const std::optional<run::Outcome>& outcome);
    uint64_t number_of(const std::shared_ptr<const os::Pages>& pages);
    uint64_t number_of(int fd) const;
    bool end_call(WireReader& reader);
    // Whose guest runs now: that of the latest call.
    const std::shared_ptr<const registry::Function>& caller() const { return calls_.empty() ? function_ : calls_.back().function; }
    bool take_log(WireReader& reader, const run::Terms& terms);
    bool has_lost_input() const;
    bool read_part(WireReader& reader);
    boost::asio::awaitable<bool> send_part();
    bool read_listing(WireReader& reader);
    boost::asio::awaitable<bool> answer_list();
    // It has asked for what takes time, and waits.
    bool is_waiting() const { return part_ || listing_; }
    bool answer(const Error& error);
    bool answer(std::shared_ptr<const os::Pages> pages);
    std::shared_ptr<const os::Pages> given(uint64_t number) const { return number - 1 < given_.size() ? given_[number - 1] : nullptr; }
    bool read_use(WireReader& reader) const;
    bool read_outcome(const run::Terms& terms, std::optional<run::Outcome>& outcome);
    run::Outcome lost_outcome() const;
    void begin_time(uint64_t deadline_ns);
    void expect_end();
    uint64_t cpu_left_ns() const;
    // Gives what the run has used of the processor, its calls in the lane not counted.
    uint64_t account(uint64_t began_ns, uint64_t cpu_before_ns);

    Worker& worker_;
    std::shared_ptr<const registry::Function> function_;
    engine::Checks checks_;
    os::Channel channel_;
    Process process_;
    boost::asio::posix::stream_descriptor readable_;
    os::Message received_;
    std::vector<std::shared_ptr<const os::Pages>> given_;  // During a run, by number from 1; nullptr: it was let go.
    size_t let_go_ = 0;                   // So many of them.
    std::vector<int> outputs_;            // Those of them that the guest may have written.
    std::string outcome_bytes_;           // What has come of it so far.
    size_t log_lines_ = 0;
    uint64_t log_bytes_ = 0;
    std::vector<Call> calls_;             // Each made by the one before it.
    std::shared_ptr<Children> children_;  // Once there are any.
    bool has_lent_room_ = false;          // While its guest waits for some of them.
    uint64_t callees_cpu_ns_ = 0;
    registry::TraceId trace_;
    uint64_t deadline_ns_ = Deadlines::kNever;  // Of the guest's time, during a run or with a piece or part of a stream.
    uint64_t cpu_began_ns_ = 0;                 // From where on its processor time counts, for the whole run: what the process had used then.
    uint64_t cpu_ended_ns_ = 0;                 // When it was killed.
    LaneStream* stream_ = nullptr;
    std::optional<run::Response> part_;   // Of the response, to be sent before anything else is done.
    std::optional<registry::Listing> listing_;  // To be answered before that.
    bool alive_ = true;
    bool idle_ = false;
    bool ready_ = false;                        // Its process has loaded the code.
    std::optional<Error> why_ended_;            // By us.
};

}  // namespace inlay::serve
