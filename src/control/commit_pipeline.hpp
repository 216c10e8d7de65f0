// CommitPipeline: makes effects durable, in the order that survives a crash, many requests at a time.
//
//     submit -> [content threads: write, fsync, link] -> queue -> [catalog thread: fsync directories, commit, announce] -> done
//
// The catalog thread takes everything that waits, up to kCommitBatchMax requests, into one transaction: the more clients
// write, the fewer fsyncs each one pays for. `done` runs on a thread of the pipeline.
//
// Invariants:
//  1. A change is announced in shared memory after it is durable and before anybody hears that it was done.
//  2. After a failed sync of names or of the catalog's log (storage_failed) nothing is written any more, and every job ends with that
//     failure: what the kernel could not write it has forgotten, and reports no second time.
#pragma once

#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/result.hpp"
#include "control/begun_content.hpp"
#include "control/hot_tier.hpp"
#include "os/fd.hpp"
#include "registry/shared_state.hpp"
#include "store/ballast.hpp"
#include "store/catalog.hpp"
#include "store/changes.hpp"
#include "store/object_directory.hpp"

namespace inlay::control {

// Content to be written before its catalog entry, under a version made for it.
struct NewContent {
    enum class Kind { object, module, compiled };
    Kind kind = Kind::object;
    std::string name;          // The version; for compiled ones the file's name.
    std::string inline_bytes;  // Content, if `pages` is empty.
    os::Fd pages;              // Content: [0, length).
    uint64_t length = 0;
    std::shared_ptr<const std::atomic<bool>> broken;  // Of pages that are a linked file's: they may not be what was published.
    std::shared_ptr<BegunContent> begun = nullptr;  // Content, whatever else is given: of an object.
};

struct Committed {
    store::Applied applied;
    uint64_t copied_bytes = 0;
};

struct CommitJob {
    std::vector<NewContent> contents;
    store::ChangeSet changes;
    std::function<void(Result<Committed>)> done;
    uint64_t copied_bytes = 0;
};

class CommitPipeline {
  public:
    // All five outlive the pipeline. `on_dropped` runs on a thread of it when versions were dropped that workers may hold open.
    CommitPipeline(store::Catalog& catalog, store::ObjectDirectory& directory, const registry::SharedMemory& shared,
                   store::Ballast& ballast, HotTier& hot, std::function<void()> on_dropped);
    // Finishes everything submitted.
    ~CommitPipeline();
    CommitPipeline(const CommitPipeline&) = delete;
    CommitPipeline& operator=(const CommitPipeline&) = delete;

    void submit(std::unique_ptr<CommitJob> job);
    // The pages of these objects have changed, their content has not. Any thread.
    void announce_moved(const std::vector<ObjectName>& names);
    // Workers ask for this function again. Any thread.
    void announce_function(std::string_view name);
    // Runs something that may wait for the disk, on a content thread.
    void run_aside(std::function<void()> work);

  private:
    // The failure after which nothing is stored; nullopt: none.
    std::optional<Error> failure();
    void note(const Error& failure);
    void write_and_enqueue(std::unique_ptr<CommitJob> job);
    Result<> write_contents(CommitJob& job);
    Result<uint64_t> write_content(const NewContent& content);
    Result<std::vector<Result<store::Applied>>> commit_sets(const std::vector<std::string>& versions,
                                                            const std::vector<store::ChangeSet>& sets);
    void remove_contents(const CommitJob& job);
    void enqueue(std::unique_ptr<CommitJob> job);
    void commit_loop();
    void commit_batch(std::vector<std::unique_ptr<CommitJob>> batch);
    void conclude(CommitJob& job, Result<store::Applied> applied);
    void keep_hot(CommitJob& job);
    void announce(const store::ChangeSet& changes);
    void remove_unreferenced(const store::Applied& applied);

    store::Catalog& catalog_;
    store::ObjectDirectory& directory_;
    const registry::SharedMemory& shared_;
    store::Ballast& ballast_;  // The catalog thread's.
    HotTier& hot_;
    const std::function<void()> on_dropped_;
    std::mutex announcing_;  // One at a time writes the feed.
    boost::asio::thread_pool content_threads_;
    std::mutex mutex_;
    std::condition_variable something_waits_;
    std::deque<std::unique_ptr<CommitJob>> queue_;  // Bounded by the calls that workers may have open.
    bool ending_ = false;
    std::optional<Error> failure_;
    std::thread catalog_thread_;
};

}  // namespace inlay::control
