// Supervisor: owns the data directory, the listeners and the workers; answers what workers ask.
//
// The loop thread runs everything here; only the commit pipeline has threads of its own, and what they finish comes back to the
// loop as a posted function.
//
// Invariants:
//  1. One supervisor per data directory: its lock is held for life and inherited by nobody.
//  2. A listener outlives the workers that accept from it: clients in its queue wait for the replacement.
//  3. Workers are not trusted: every field of a message is checked before it is used.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "control/accounts.hpp"
#include "control/commit_pipeline.hpp"
#include "control/compiler.hpp"
#include "control/describe.hpp"
#include "control/function_log.hpp"
#include "control/kept_code.hpp"
#include "control/link_door.hpp"
#include "control/links.hpp"
#include "control/memory_watch.hpp"
#include "control/options.hpp"
#include "control/promotion.hpp"
#include "control/quarantine.hpp"
#include "control/worker_life.hpp"
#include "registry/messages.hpp"
#include "registry/shared_state.hpp"
#include "store/catalog.hpp"
#include "store/catalog_reader.hpp"
#include "store/object_directory.hpp"
#include "store/version.hpp"

namespace inlay::control {

class Supervisor {
  public:
    // Locks and opens the data directory and takes the address. Errors: io_error with the thing and the remedy: data directory
    // already served, address in use, catalog of a newer version.
    static Result<std::unique_ptr<Supervisor>> create(ServeOptions options);
    ~Supervisor();

    const os::Address& address() const { return listeners_.address; }

    // Starts the workers and serves until SIGTERM or SIGINT has been answered by a drain.
    Result<> run();

  private:
    using Life = std::shared_ptr<WorkerLife>;
    using OnCode = std::function<void(Result<os::Fd>)>;
    struct Deployment;

    struct Slot {
        Life life;
        uint64_t restart_wait_ms = 0;
    };

    Supervisor(ServeOptions options, registry::SharedMemory shared);

    // supervisor.cpp: processes
    std::string catalog_path() const;
    Result<> open_data();
    std::optional<uint32_t> user_of(size_t child) const;
    Result<> start_worker(size_t slot);
    void restart_worker(size_t slot);
    void watch_signals();
    void watch_children();
    void on_child_exit(const os::Exit& exit);
    void begin_drain();
    void end_when_drained();
    void sweep_leftovers();
    void sweep_compiled(store::CatalogReader& reader, const std::stop_token& stop);
    void tell_of_changes();

    // supervisor_calls.cpp: what workers ask
    void on_lookup(const Life& life, os::Message& message);
    void on_call(const Life& life, os::Message& message);
    void find_object(const Life& life, uint64_t id, WireReader& fields);
    void find_function(const Life& life, uint64_t id, WireReader& fields);
    void commit(const Life& life, uint64_t id, WireReader& fields, std::vector<os::Fd>& fds);
    void remove_function(const Life& life, uint64_t id, WireReader& fields);
    void append_log(WireReader& fields);
    void note_trace(WireReader& fields);
    KnownOfFunctions known_of_functions() const { return {logs_, *accounts_, quarantine_, traces_}; }
    void answer_json(const Life& life, uint64_t id, Result<std::string> json);
    Result<std::unique_ptr<CommitJob>> make_commit_job(const Life& life, WireReader& fields, std::vector<os::Fd>& fds);
    void submit(std::unique_ptr<CommitJob> job, std::function<void(Result<Committed>)> on_loop);

    // supervisor_contents.cpp: uploads that are written while they arrive
    void begin_content(const Life& life, uint64_t id, WireReader& fields, std::vector<os::Fd>& fds);
    void write_content(const Life& life, uint64_t id, WireReader& fields);
    void read_content(const Life& life, uint64_t id, WireReader& fields);
    void drop_content(const Life& life, uint64_t id, WireReader& fields);
    void work_on(const Life& life, uint64_t id, uint64_t number, std::function<Result<os::Fd>()> work);
    std::shared_ptr<BegunContent> find_idle_content(const Life& life, uint64_t number);
    std::shared_ptr<BegunContent> take_content(const Life& life, uint64_t number);
    void drop_contents(const Life& life);
    void drop(std::shared_ptr<BegunContent> content);

    // supervisor_code.cpp: deploys and compiled code
    void deploy(const Life& life, uint64_t id, WireReader& fields, std::vector<os::Fd>& fds);
    void initialise(const std::shared_ptr<Deployment>& deployment);
    void compile_for(const std::shared_ptr<Deployment>& deployment, engine::Checks checks);
    void store_function(Deployment& deployment);
    void remove_code(const store::Applied& applied);
    void get_code(const store::FunctionRecord& record, engine::Checks checks, OnCode on_code);
    void give_code(const std::string& name, Result<os::Fd> compiled);
    void keep_code(const std::string& name, const os::Fd& compiled);
    void compile_again(const store::FunctionRecord& record, engine::Checks checks);
    void compile_missing();
    void refuse_compiled(WireReader& fields);
    void get_unchecked(const Life& life, uint64_t id, WireReader& fields);

    // supervisor_links.cpp
    Result<> open_links();
    void link_file(os::Message& question, LinkDoor::Answer answer);
    void watch_leases();
    void break_links();
    void remove_link(const ObjectName& name, const std::string& version);
    void let_go(const Life& life, uint64_t id, WireReader& fields);

    // supervisor_quarantine.cpp
    void note_crash(size_t slot, const os::Exit& exit);

    // supervisor_memory.cpp
    void note_use(WireReader& fields);
    void keep_promoted(const store::ObjectRecord& object, Result<os::Fd> copy);
    void begin_watch_of_memory();
    void watch_memory();

    // supervisor_lanes.cpp
    void start_lane(const Life& life, uint64_t id, const std::vector<os::Fd>& fds);
    // True: the ended child was a lane.
    bool on_lane_exit(const os::Exit& exit);
    void kill_lanes_of(size_t slot);

    ServeOptions options_;
    boost::asio::io_context loop_{1};
    os::Fd data_directory_;
    os::Fd lock_;
    os::Fd shared_file_;
    registry::SharedMemory shared_;
    os::Listeners listeners_;
    std::optional<store::Ballast> ballast_;
    std::optional<store::Catalog> catalog_;
    std::optional<store::CatalogReader> reader_;
    std::unique_ptr<store::ObjectDirectory> directory_;
    std::optional<store::VersionSource> versions_;
    std::optional<HotTier> hot_;
    std::unique_ptr<CommitPipeline> pipeline_;
    std::optional<Promoter> promoter_;
    const os::MemoryGauge gauge_;
    MemoryWatch memory_;
    bool watches_memory_ = false;
    boost::asio::steady_timer memory_timer_;
    Compiler compiler_;
    KeptCode kept_code_;  // With ServeOptions::incremental.
    std::unordered_map<std::string, std::vector<OnCode>> compiling_;  // Who waits for code that is under way, by its file's name.
    std::unordered_map<pid_t, size_t> lanes_;                         // The worker slot that each one serves.
    FunctionLogs logs_;
    Traces traces_;
    Quarantine quarantine_;
    std::optional<Accounts> accounts_;
    std::unique_ptr<LinkDoor> link_door_;
    std::vector<Slot> slots_;
    boost::asio::signal_set end_signals_;
    boost::asio::signal_set child_signals_;
    boost::asio::signal_set lease_signals_;
    std::optional<Links> links_;  // Ends before who catches its signals.
    boost::asio::steady_timer drain_timer_;
    bool draining_ = false;
    std::atomic<bool> telling_of_changes_ = false;
    std::jthread sweeper_;
};

}  // namespace inlay::control
