// Worker: everything that one serving process has, and its life from listening to drained.
//
// One thread. The supervisor's end of the link going away, or SIGTERM, starts the drain: no new connections, idle ones close,
// requests in flight finish.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>

#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/coarse_clock.hpp"
#include "engine/engine.hpp"
#include "registry/admission.hpp"
#include "registry/link.hpp"
#include "registry/shared_state.hpp"
#include "registry/tables.hpp"
#include "run/invocation.hpp"
#include "serve/body_memory.hpp"
#include "serve/deadlines.hpp"
#include "serve/disk_aside.hpp"
#include "serve/door.hpp"
#include "serve/lanes.hpp"
#include "serve/probation.hpp"
#include "serve/settings.hpp"
#include "serve/table_supply.hpp"
#include "serve/turns.hpp"

namespace inlay::serve {

// What a worker inherits: open descriptors by number.
struct WorkerDescriptors {
    int lookups = -1;
    int control = -1;
    int listener = -1;
    int shared = -1;
};

// An answer of the supervisor that outlives the call.
struct ControlAnswer {
    std::string fields;
    std::vector<os::Fd> fds;
};

class Connection;

class Worker {
  public:
    static Result<std::unique_ptr<Worker>> create(const WorkerDescriptors& descriptors, WorkerSettings settings);
    ~Worker();

    // Serves until drained. False: time was up before all requests had ended; they still hold parts of this, which must not be
    // taken apart: end the process.
    bool run();

    // ---- What connections use ----

    const WorkerSettings& settings() const { return settings_; }
    CounterBlock& counters() { return counters_; }
    const registry::SharedMemory& shared() const { return shared_; }
    Deadlines& deadlines() { return deadlines_; }
    registry::Tables& tables() { return *tables_; }
    run::Supply& supply() { return *supply_; }
    // The same for streams, which hold what they have for as long as their clients like.
    run::Supply& stream_supply() { return *stream_supply_; }
    Lanes& lanes() { return lanes_; }
    DiskAside& disk() { return disk_; }
    Turns& turns() { return turns_; }
    Probation& probation() { return probation_; }
    registry::Admission& admission() { return admission_; }
    Door& door() { return door_; }
    BodyMemory& body_memory() { return *body_memory_; }
    // What the pipelines of this worker keep in its own memory.
    uint64_t& pipeline_bytes() { return pipeline_bytes_; }
    boost::asio::any_io_executor executor() { return loop_.get_executor(); }
    bool draining() const { return draining_; }
    bool supervisor_is_gone() const { return link_.supervisor_is_gone(); }
    // Differs from those of all workers there ever are. Guests see theirs, which tells nothing of how many others have had one in between.
    uint64_t next_invocation_id() { return mixed(mixed(invocations_++) ^ shared_.state().seed); }
    // The same for all guests of all workers. Its seed tells nothing of what else hangs on the shared one.
    CoarseClock guest_clock() const { return {settings_.clock_resolution_us * 1000, mixed(shared_.state().seed)}; }
    uint64_t next_upload() { return ++uploads_; }
    // What the supervisor finds should this process die: whose code runs. 0: nobody's.
    void note_running(uint64_t mark) { shared_.state().running[settings_.slot].store(mark, std::memory_order_relaxed); }
    uint64_t running_mark() const { return shared_.state().running[settings_.slot].load(std::memory_order_relaxed); }
    // "Date: ...\r\n" of this second.
    std::string_view date_field();

    // Asks the supervisor and suspends until it answers. `fds` are borrowed until the first suspension.
    boost::asio::awaitable<Result<ControlAnswer>> call(registry::Call which, std::string fields, std::vector<int> fds);
    // The same with a callback, which runs on the loop.
    void call(registry::Call which, std::string fields, const std::vector<int>& fds, registry::AnswerCallback callback);
    // Hands log lines on; they are lost, counted, when the channel is full.
    void log(const registry::LogLines& lines);
    // Tells the supervisor, which does not answer; lost when the channel is full.
    void tell(registry::Call which, std::string fields) { (void)link_.tell(which, std::move(fields)); }

  private:
    Worker(registry::SharedMemory shared, registry::SupervisorLink link, WorkerSettings settings);

    Result<> start(const WorkerDescriptors& descriptors);
    boost::asio::awaitable<void> accept_connections();
    void let_in(boost::asio::ip::tcp::socket socket, const boost::asio::ip::address& from);
    void turn_away(boost::asio::ip::tcp::socket socket, const Error& why);
    boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket socket, Door::Place place);
    boost::asio::awaitable<void> watch_link();
    void watch_link_writable();
    void begin_drain();
    void end_when_drained();

    WorkerSettings settings_;
    registry::SharedMemory shared_;
    CounterBlock& counters_;
    registry::SupervisorLink link_;
    std::unique_ptr<engine::Engine> engine_;
    std::unique_ptr<registry::Tables> tables_;
    // These outlive the loop, whose coroutines hold what is theirs.
    run::OutputBudget outputs_;
    run::OutputBudget stream_outputs_;
    std::optional<TableSupply> supply_, stream_supply_;
    Lanes lanes_;
    std::optional<BodyMemory> body_memory_;
    bool writable_watched_ = false;
    Turns turns_;
    Probation probation_;
    registry::Admission admission_;
    Door door_;

    boost::asio::io_context loop_{1};
    DiskAside disk_{loop_.get_executor(), counters_};
    Deadlines deadlines_;
    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::posix::stream_descriptor link_readable_;
    boost::asio::posix::stream_descriptor link_writable_;
    boost::asio::signal_set signals_;
    boost::asio::steady_timer drain_timer_;
    std::unordered_set<Connection*> connections_;
    bool draining_ = false;
    uint64_t invocations_ = 0;  // From a random number on.
    uint64_t uploads_ = 0;
    uint64_t pipeline_bytes_ = 0;
    std::string date_;
    uint64_t date_second_ = 0;
};

// While code of a function runs in this process, perhaps inside of another one's.
class Running {
  public:
    Running(Worker& worker, const registry::Function& function) : worker_(worker), before_(worker.running_mark()) {
        worker_.note_running(function.mark);
    }
    ~Running() { worker_.note_running(before_); }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

  private:
    Worker& worker_;
    uint64_t before_;
};

}  // namespace inlay::serve
