// Starts compiler children and takes their results.
#include "control/compiler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>

#include "base/limits.hpp"
#include "engine/engine.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"

namespace inlay::control {
namespace {

constexpr size_t kWaitingMax = 256;
constexpr uint64_t kReasonBytesMax = 64 * KiB;

const char* command_of(CompileJob::Task task) {
    switch (task) {
        case CompileJob::Task::compile: return "compile";
        case CompileJob::Task::inspect: return "inspect-module";
        case CompileJob::Task::initialise: return "initialise-module";
    }
    return "";
}

uint64_t seconds_for(CompileJob::Task task) { return task == CompileJob::Task::initialise ? kInitialiseSecondsMax : kCompileSecondsMax; }

const char* doer_of(CompileJob::Task task) {
    return task == CompileJob::Task::initialise ? "what initialises it at deploy (--warm: its start function, _initialize and inlay_warm)" : "the compiler";
}

// Children read it from now on, none may change it. Of one that has written more than it may nothing is taken.
os::Fd take_kept(os::Fd kept) {
    auto status = os::status(kept.get());
    const bool is_good = status.ok() && status->size <= kKeptCodeBytesMax && os::seal(kept.get()).ok();
    return is_good ? std::move(kept) : os::Fd();
}

}  // namespace

Compiler::Compiler(uint64_t memory_bytes, std::string sandbox)
    : at_once_max_(std::clamp<size_t>(memory_bytes / kCompileBytes, 1, kCompilesAtOnceMax)),
      own_bytes_max_(std::clamp<uint64_t>(memory_bytes / kCompileMemoryShare / at_once_max_, kCompileMemoryBytesMin, kCompileAddressBytesMax)),
      sandbox_(std::move(sandbox)) {}

void Compiler::submit(CompileJob job) {
    if (waiting_.size() >= kWaitingMax)
        return job.done(Error{Errc::overloaded, "too many deploys are waiting for the compiler: retry later"});
    waiting_.push_back(std::move(job));
    start_next();
}

void Compiler::start_next() {
    while (!waiting_.empty() && running_.size() < at_once_max_) {
        CompileJob job = std::move(waiting_.front());
        waiting_.pop_front();
        auto output = os::create_memfd("inlay-compiled", 0);
        if (!output.ok()) {
            job.done(std::move(output).error());
            continue;
        }
        os::Fd kept;  // Without it this job and the next ones compile all of it.
        if (job.kept)
            if (auto made = os::create_memfd("inlay-kept-code", 0); made.ok()) kept = std::move(*made);
        const int to = kept.get(), from = kept && *job.kept ? job.kept->get() : to;
        os::ChildPlan plan;
        plan.arguments = {command_of(job.task), std::to_string(job.module.get()), std::to_string(output->get()),
                          std::to_string(job.module_bytes), std::to_string(job.memory_bytes),
                          std::to_string(static_cast<int>(job.checks)), std::to_string(std::max(from, 0)), std::to_string(std::max(to, 0)), sandbox_};
        plan.inherited = {job.module.get(), output->get()};
        if (kept) plan.inherited.insert(plan.inherited.end(), {from, to});
        plan.signal_at_our_end = SIGKILL;
        plan.limits = {seconds_for(job.task), kCompileAddressBytesMax, own_bytes_max_};
        auto pid = os::spawn_self(plan);
        if (!pid.ok()) {
            job.done(std::move(pid).error());
            continue;
        }
        running_.emplace(*pid, Running{std::move(job), std::move(output).value(), std::move(kept)});
    }
}

bool Compiler::on_exit(const os::Exit& exit) {
    auto found = running_.find(exit.pid);
    if (found == running_.end()) return false;
    Running ended = std::move(found->second);
    running_.erase(found);
    start_next();
    if (!exit.signalled && exit.status == 0) {
        // Workers get it as it is, and so does the disk: nobody may write to it any more.
        auto sealed = os::seal(ended.output.get());
        if (ended.kept) *ended.job.kept = take_kept(std::move(ended.kept));
        ended.job.done(sealed.ok() ? Result<os::Fd>(std::move(ended.output)) : Result<os::Fd>(std::move(sealed).error()));
        return true;
    }
    std::string reason;
    if (!exit.signalled && exit.status == kCompileRefusedExitCode) {
        auto text = os::read_from_start(ended.output.get(), kReasonBytesMax);
        if (text.ok()) reason = std::move(text).value();
    }
    if (reason.empty())
        reason = fmt::format("{} ended with {}: the module asks too much of it ({} s, {} MiB)", doer_of(ended.job.task), exit.text(), seconds_for(ended.job.task),
                             own_bytes_max_ / MiB);
    ended.job.done(Error{Errc::bad_module, fmt::format("function {:?}: {}", ended.job.name, reason)});
    return true;
}

std::string compiled_name(const std::string& version, engine::Checks checks) {
    return version + "-" + engine::Engine::compiled_key(checks) + ".cwasm";
}

}  // namespace inlay::control
