// Content first, then the catalog, then the news.
#include "control/commit_pipeline.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

#include "base/limits.hpp"
#include "base/log.hpp"

namespace inlay::control {
namespace asio = boost::asio;

CommitPipeline::CommitPipeline(store::Catalog& catalog, store::ObjectDirectory& directory,
                               const registry::SharedMemory& shared, store::Ballast& ballast, HotTier& hot,
                               std::function<void()> on_dropped)
    : catalog_(catalog),
      directory_(directory),
      shared_(shared),
      ballast_(ballast),
      hot_(hot),
      on_dropped_(std::move(on_dropped)),
      content_threads_(kContentThreads),
      catalog_thread_([this] { commit_loop(); }) {}

CommitPipeline::~CommitPipeline() {
    content_threads_.join();
    {
        std::lock_guard lock(mutex_);
        ending_ = true;
    }
    something_waits_.notify_one();
    catalog_thread_.join();
}

void CommitPipeline::submit(std::unique_ptr<CommitJob> job) {
    if (job->contents.empty()) return enqueue(std::move(job));
    // std::function wants a copyable callable; the job has one owner at a time.
    auto shared_job = std::make_shared<std::unique_ptr<CommitJob>>(std::move(job));
    asio::post(content_threads_, [this, shared_job] { write_and_enqueue(std::move(*shared_job)); });
}

void CommitPipeline::write_and_enqueue(std::unique_ptr<CommitJob> job) {
    if (auto failed = failure()) return job->done(*failed);
    auto written = write_contents(*job);
    if (written.ok()) return enqueue(std::move(job));
    note(written.error());
    remove_contents(*job);
    job->done(std::move(written).error());
}

std::optional<Error> CommitPipeline::failure() {
    std::lock_guard lock(mutex_);
    return failure_;
}

void CommitPipeline::note(const Error& failure) {
    std::lock_guard lock(mutex_);
    if (failure.code != Errc::storage_failed || failure_) return;
    failure_ = failure;
    shared_.supervisor_counters().add_shared(Counter::storage_failed);
    spdlog::critical("nothing is stored from now on: {}; look after the disk and its filesystem, then restart the server", failure.detail);
}

void CommitPipeline::run_aside(std::function<void()> work) { asio::post(content_threads_, std::move(work)); }

Result<> CommitPipeline::write_contents(CommitJob& job) {
    for (auto& content : job.contents) {
        // Before it is written: from then on it cannot become another content than the file's.
        bool stays = content.kind == NewContent::Kind::object && content.pages && hot_.can_keep(content.pages.get(), content.length);
        INLAY_TRY(uint64_t copied, write_content(content));
        if (content.broken && *content.broken)
            return Error{Errc::object_changed, "the linked file whose content was to be stored is being written: retry"};
        job.copied_bytes += copied;
        content.begun.reset();
        if (!stays) content.pages.close();
        content.inline_bytes.clear();
    }
    return {};
}

Result<uint64_t> CommitPipeline::write_content(const NewContent& content) {
    if (content.begun) {
        INLAY_TRY(auto finished, content.begun->finish(content.length));
        INLAY_TRY_VOID(directory_.write(content.name, std::move(finished.file)));
        return finished.copied_bytes;
    }
    store::Content bytes = std::string_view(content.inline_bytes);
    if (content.pages) bytes = os::FileRange{content.pages.get(), 0, content.length};
    auto write = [&]() -> Result<store::Written> {
        switch (content.kind) {
            case NewContent::Kind::object: return directory_.write(content.name, std::move(bytes));
            case NewContent::Kind::module: return directory_.write_module(content.name, std::move(bytes));
            case NewContent::Kind::compiled: return directory_.write_compiled(content.name, std::move(bytes));
        }
        return Error{Errc::internal, "unknown kind of content"};
    };
    INLAY_TRY(auto written, write());
    return written.copied_bytes;
}

// Best effort: what stays behind is swept at a later start.
void CommitPipeline::remove_contents(const CommitJob& job) {
    for (const auto& content : job.contents) {
        if (content.kind == NewContent::Kind::object) (void)directory_.remove(content.name);
        if (content.kind == NewContent::Kind::module) (void)directory_.remove_module(content.name);
    }
}

void CommitPipeline::enqueue(std::unique_ptr<CommitJob> job) {
    {
        std::lock_guard lock(mutex_);
        queue_.push_back(std::move(job));
    }
    something_waits_.notify_one();
}

void CommitPipeline::commit_loop() {
    for (;;) {
        std::vector<std::unique_ptr<CommitJob>> batch;
        {
            std::unique_lock lock(mutex_);
            something_waits_.wait(lock, [this] { return ending_ || !queue_.empty(); });
            if (queue_.empty()) return;
            size_t count = std::min(queue_.size(), kCommitBatchMax);
            std::move(queue_.begin(), queue_.begin() + static_cast<ptrdiff_t>(count), std::back_inserter(batch));
            queue_.erase(queue_.begin(), queue_.begin() + static_cast<ptrdiff_t>(count));
        }
        commit_batch(std::move(batch));
    }
}

// On a full disk only sets that bring nothing new are tried once more: room that was held back is for emptying it.
Result<std::vector<Result<store::Applied>>> CommitPipeline::commit_sets(const std::vector<std::string>& versions,
                                                                        const std::vector<store::ChangeSet>& sets) {
    auto commit = [&]() -> Result<std::vector<Result<store::Applied>>> {
        if (auto failed = failure()) return *failed;
        INLAY_TRY_VOID(directory_.sync_directories(versions));
        return catalog_.commit(sets);
    };
    auto committed = commit();
    bool full = !committed.ok() && committed.error().code == Errc::no_space;
    if (full && versions.empty() && ballast_.throw_off()) committed = commit();
    if (committed.ok()) ballast_.take_on();
    return committed;
}

void CommitPipeline::commit_batch(std::vector<std::unique_ptr<CommitJob>> batch) {
    std::vector<std::string> versions;
    std::vector<store::ChangeSet> sets;
    for (auto& job : batch) {
        for (const auto& content : job->contents)
            if (content.kind == NewContent::Kind::object) versions.push_back(content.name);
        sets.push_back(std::move(job->changes));
    }
    auto committed = commit_sets(versions, sets);
    shared_.supervisor_counters().add_shared(Counter::commits_total);
    if (!committed.ok()) note(committed.error());
    if (!committed.ok()) spdlog::error("commit of {} requests failed: {}", batch.size(), committed.error().detail);
    for (size_t i = 0; i < batch.size(); i++) {
        batch[i]->changes = std::move(sets[i]);
        // After a failed transaction the files stay: it may have reached the disk and come back at the next start.
        if (!committed.ok())
            batch[i]->done(committed.error());
        else
            conclude(*batch[i], std::move((*committed)[i]));
    }
}

void CommitPipeline::conclude(CommitJob& job, Result<store::Applied> applied) {
    if (!applied.ok()) {
        remove_contents(job);
        return job.done(std::move(applied).error());
    }
    keep_hot(job);
    announce(job.changes);
    remove_unreferenced(*applied);
    job.done(Committed{std::move(applied).value(), job.copied_bytes});
}

// Pages that are left of new objects stay in memory. Before the objects are announced: else they would be opened from their files.
void CommitPipeline::keep_hot(CommitJob& job) {
    for (auto& content : job.contents) {
        if (!content.pages) continue;
        std::vector<ObjectName> gone;
        for (const auto& change : job.changes.changes) {
            auto* put = std::get_if<store::PutObject>(&change);
            if (put && put->object.version == content.name) gone = hot_.keep(put->object, std::move(content.pages));
        }
        announce_moved(gone);
    }
}

void CommitPipeline::announce_moved(const std::vector<ObjectName>& names) {
    if (names.empty()) return;
    {
        std::lock_guard lock(announcing_);
        for (const auto& name : names) registry::publish_change(shared_.state(), registry::hash_of_object(name.bucket, name.key));
    }
    on_dropped_();
}

void CommitPipeline::announce_function(std::string_view name) {
    std::lock_guard lock(announcing_);
    registry::publish_change(shared_.state(), registry::hash_of_function(name));
}

void CommitPipeline::announce(const store::ChangeSet& set) {
    auto& counters = shared_.supervisor_counters();
    auto& state = shared_.state();
    std::lock_guard lock(announcing_);
    for (const auto& change : set.changes) {
        if (auto* put = std::get_if<store::PutObject>(&change)) {
            registry::publish_change(state, registry::hash_of_object(put->object.name.bucket, put->object.name.key));
            counters.add_shared(Counter::objects_put);
        } else if (auto* deletion = std::get_if<store::DeleteObject>(&change)) {
            registry::publish_change(state, registry::hash_of_object(deletion->name.bucket, deletion->name.key));
            counters.add_shared(Counter::objects_deleted);
        } else if (auto* deployment = std::get_if<store::DeployFunction>(&change)) {
            registry::publish_change(state, registry::hash_of_function(deployment->function.name));
            counters.add_shared(Counter::functions_deployed);
        } else if (auto* removal = std::get_if<store::RemoveFunction>(&change)) {
            registry::publish_change(state, registry::hash_of_function(removal->name));
        }
    }
}

// Old versions live on in the descriptors and windows of those who hold them.
void CommitPipeline::remove_unreferenced(const store::Applied& applied) {
    if (applied.unreferenced_objects.empty() && applied.unreferenced_modules.empty()) return;
    for (const auto& version : applied.unreferenced_objects) hot_.forget(version);
    on_dropped_();
    asio::post(content_threads_, [this, objects = applied.unreferenced_objects, modules = applied.unreferenced_modules] {
        for (const auto& version : objects)
            if (auto removed = directory_.remove(version); !removed.ok()) spdlog::warn("{}", removed.error().detail);
        for (const auto& version : modules)
            if (auto removed = directory_.remove_module(version); !removed.ok()) spdlog::warn("{}", removed.error().detail);
    });
}

}  // namespace inlay::control
