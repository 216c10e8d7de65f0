// For tests: what a supervisor stores, step by step: objects of each way in, deletes, deploys, backups, and a start after a clean end.
//
// It drives what the supervisor drives: the data directory, the commit pipeline, the sweep. Who runs it and who judges what is left share
// this script: each step says what must be there once it was acknowledged.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "control/commit_pipeline.hpp"
#include "os/disk_trace.hpp"
#include "os/memfd.hpp"
#include "store/backup.hpp"
#include "store/catalog_reader.hpp"
#include "store/data_directory.hpp"
#include "store/hash.hpp"
#include "store/scratch_directory.hpp"
#include "store/version.hpp"

namespace inlay::control {

// What a supervisor has open, without its processes.
class CrashServer {
  public:
    using Temporaries = store::ObjectDirectory::Temporaries;

    explicit CrashServer(std::string root, Temporaries temporaries = Temporaries::unnamed) : root_(std::move(root)), temporaries_(temporaries) {}

    std::string path() const { return root_ + "/data"; }
    bool runs() const { return pipeline_.has_value(); }

    bool start() {
        auto opened = store::DataDirectory::open(path(), temporaries_);
        if (!opened.ok()) return false;
        data_.emplace(std::move(opened).value());
        auto reader = store::CatalogReader::create(catalog_path());
        if (!reader.ok()) return data_.reset(), false;
        reader_.emplace(std::move(reader).value());
        versions_.emplace(data_->epoch);
        pipeline_.emplace(*data_->catalog, *data_->objects, shared_, *data_->ballast, hot_, [] {});
        return true;
    }
    bool stop() {
        pipeline_.reset();
        reader_.reset();
        data_.reset();
        return true;
    }
    bool sweep() {
        auto reader = store::CatalogReader::create(catalog_path());
        if (!reader.ok()) return false;
        store::SweepRules rules{data_->epoch, [&](auto version) { return reader->has_object_version(version); },
                                [&](auto version) { return reader->has_module_version(version); }};
        return data_->objects->sweep(rules, {}).ok();
    }
    bool back_up(const std::string& name) {
        auto visit = store::Visit::create(path());
        return visit.ok() && store::back_up(*visit, root_ + "/" + name, {}).ok();
    }

    enum class Way { in_message, in_pages, begun };
    void add_put(CommitJob& job, const std::string& key, const std::string& content, Way way = Way::in_message) {
        NewContent made{.name = versions_->next(), .length = content.size()};
        if (way == Way::in_message) made.inline_bytes = content;
        if (way == Way::in_pages) made.pages = os::create_memfd_of("crash", content).value();
        if (way == Way::begun) {
            made.begun = std::make_shared<BegunContent>(*data_->objects, os::create_memfd_of("crash", content).value(), 1 * MiB, content.size());
            (void)made.begun->begin();
            for (size_t arrived = 0; arrived < content.size(); arrived += 64 * KiB) (void)made.begun->write(arrived);
        }
        auto record = store::example_object("b", key, made.name);
        record.size_bytes = content.size();
        job.contents.push_back(std::move(made));
        job.changes.changes.push_back(store::PutObject{std::move(record), {}});
    }
    bool put(const std::string& key, const std::string& content, Way way = Way::in_message) {
        auto job = std::make_unique<CommitJob>();
        add_put(*job, key, content, way);
        return commit(std::move(job));
    }
    bool put_both(const std::string& one, const std::string& other, const std::string& content) {
        auto job = std::make_unique<CommitJob>();
        add_put(*job, one, content);
        add_put(*job, other, content, Way::in_pages);
        return commit(std::move(job));
    }
    bool deploy(const std::string& name, const std::string& module) {
        auto job = std::make_unique<CommitJob>();
        auto function = store::example_function(name, versions_->next());
        function.module_bytes = module.size();
        function.module_hash = store::xxh3_128_hex(module);
        job->contents.push_back({NewContent::Kind::compiled, function.version + ".cwasm", "compiled", {}, 8});
        job->contents.push_back({NewContent::Kind::module, function.version, "", os::create_memfd_of("crash", module).value(), module.size()});
        job->changes.changes.push_back(store::DeployFunction{function});
        return commit(std::move(job));
    }
    // An absent thing is removed as well as one that was there.
    bool change(store::Change wanted) {
        auto job = std::make_unique<CommitJob>();
        job->changes.changes.push_back(std::move(wanted));
        return commit(std::move(job));
    }

  private:
    std::string catalog_path() const { return path() + "/catalog.db"; }
    bool commit(std::unique_ptr<CommitJob> job) {
        std::promise<bool> promise;
        auto answer = promise.get_future();
        job->done = [&](Result<Committed> result) {
            Errc code = result.ok() ? Errc::internal : result.error().code;
            promise.set_value(result.ok() || code == Errc::object_not_found || code == Errc::function_not_found);
        };
        pipeline_->submit(std::move(job));
        return answer.get();
    }

    const std::string root_;
    const Temporaries temporaries_;
    registry::SharedMemory shared_ = registry::SharedMemory::open(registry::SharedMemory::create_file().value().get()).value();
    HotTier hot_{0, shared_.supervisor_counters()};
    std::optional<store::DataDirectory> data_;
    std::optional<store::CatalogReader> reader_;
    std::optional<store::VersionSource> versions_;
    std::optional<CommitPipeline> pipeline_;
};

// What is there after a step: an object, a function or a backup, and its content.
struct Effect {
    std::string thing;
    std::optional<std::string> content;  // nullopt: nothing of this name.
};

struct CrashStep {
    std::vector<Effect> effects;
    std::function<bool(CrashServer&)> act;  // False: refused.
    bool is_start = false;
};

inline std::string bytes_of(char letter, size_t size) {
    std::string bytes(size, letter);
    for (size_t i = 0; i < size; i += 61) bytes[i] = static_cast<char>(i / 61 * 2654435761u >> 9);
    return bytes;
}

inline const std::vector<CrashStep>& crash_script() {
    using Way = CrashServer::Way;
    auto put = [](std::string key, std::string content, Way way = Way::in_message) {
        return CrashStep{{{"object b/" + key, content}}, [=](CrashServer& server) { return server.put(key, content, way); }};
    };
    auto remove = [](std::string key) {
        return CrashStep{{{"object b/" + key, std::nullopt}}, [=](CrashServer& server) { return server.change(store::DeleteObject{{"b", key}, {}}); }};
    };
    auto deploy = [](std::string name, std::string module) {
        return CrashStep{{{"function " + name, module}}, [=](CrashServer& server) { return server.deploy(name, module); }};
    };
    auto back_up = [](std::string name) {
        return CrashStep{{{"backup " + name, "whole"}}, [=](CrashServer& server) { return server.back_up(name); }};
    };
    auto both = bytes_of('p', 20'000);
    static const std::vector<CrashStep> script = {
        {{}, [](CrashServer& server) { return server.start(); }, true},
        put("small", "first"),
        put("large", bytes_of('l', 150'001), Way::in_pages),
        put("begun", bytes_of('b', 200'000), Way::begun),
        put("empty", ""),
        put("small", bytes_of('s', 9'000)),
        {{{"object b/one", both}, {"object b/other", both}}, [=](CrashServer& server) { return server.put_both("one", "other", both); }},
        deploy("f", bytes_of('f', 5'000)),
        deploy("g", bytes_of('g', 700)),
        remove("large"),
        deploy("f", bytes_of('F', 6'000)),
        {{{"function g", std::nullopt}}, [](CrashServer& server) { return server.change(store::RemoveFunction{"g"}); }},
        back_up("backup"),
        remove("empty"),
        {{}, [](CrashServer& server) { return server.stop(); }},
        {{}, [](CrashServer& server) { return server.start(); }, true},
        {{}, [](CrashServer& server) { return server.sweep(); }},
        put("small", "third"),
        put("large", bytes_of('L', 70'000), Way::in_pages),
        {{}, [](CrashServer& server) { return server.stop(); }},
    };
    return script;
}

struct CrashTerms {
    os::FaultPlan plan;
    CrashServer::Temporaries temporaries = CrashServer::Temporaries::unnamed;
    size_t first_step = 0;
    bool ends_when_refused = false;  // At once, as if killed, after a step that failed.
};

// Runs the script under a fault, and marks in the trace what was begun and what was answered.
inline void run_crash_script(const std::string& root, const std::string& trace_path, const CrashTerms& terms) {
    CrashServer server(root, terms.temporaries);
    os::DiskTrace trace(root, trace_path, terms.plan);
    const auto& script = crash_script();
    for (size_t i = terms.first_step; i < script.size(); i++) {
        trace.mark("begin " + std::to_string(i));
        bool done = script[i].act(server);
        trace.mark((done ? "done " : "refused ") + std::to_string(i));
        if (!done && terms.ends_when_refused) ::_exit(os::FaultPlan::kExitCode);
        if (!done && script[i].is_start) return;  // As a server does that cannot start.
    }
}

// The step with which the script begins anew on what is there.
inline size_t second_start() {
    const auto& script = crash_script();
    size_t last = 0;
    for (size_t i = 0; i < script.size(); i++)
        if (script[i].is_start) last = i;
    return last;
}

}  // namespace inlay::control
