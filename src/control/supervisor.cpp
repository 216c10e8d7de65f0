// The supervisor's processes: start, replace, drain.
#include "control/supervisor.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "os/allowance.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"
#include "os/process.hpp"
#include "os/sandbox.hpp"
#include "serve/settings.hpp"
#include "store/data_directory.hpp"
#include "store/file_names.hpp"

namespace inlay::control {
namespace asio = boost::asio;
namespace {

constexpr uint64_t kRestartWaitMinMs = 50;     // After a worker that died young; doubled each time.
constexpr uint64_t kRestartWaitMaxMs = 5'000;
constexpr uint64_t kYoungMs = 100;
constexpr uint64_t kDrainGraceMs = 5'000;      // Beyond the workers' own drain timeout.

// Says which one children get, where that is possible at all.
Result<> check_sandbox(const ServeOptions& options) {
    if (!options.sandbox) {
        spdlog::warn("workers run without a sandbox: what gets out of the engine has all rights of this process");
        return {};
    }
    auto tried = os::try_sandbox({os::SandboxKind::worker, options.users_from});
    if (!tried.ok())
        return Error{Errc::internal, tried.error().detail + "; --users-from 0 leaves the user as it is, --no-sandbox does without any: "
                                                            "then deploy only what you trust"};
    spdlog::info("sandbox of workers: {}", tried->text());
    return {};
}

}  // namespace

Supervisor::Supervisor(ServeOptions options, registry::SharedMemory shared)
    : options_(std::move(options)),
      shared_(std::move(shared)),
      memory_timer_(loop_),
      compiler_(os::usable_memory_bytes(), os::sandbox_word(user_of(kWorkersMax))),
      end_signals_(loop_, SIGTERM, SIGINT),
      child_signals_(loop_, SIGCHLD),
      lease_signals_(loop_, os::kLeaseSignal),
      drain_timer_(loop_) {}

Supervisor::~Supervisor() = default;

Result<std::unique_ptr<Supervisor>> Supervisor::create(ServeOptions options) {
    os::ignore_signal(SIGPIPE);
    fill_in(options, {os::usable_memory_bytes(), os::usable_processors(), os::raise_descriptor_limit()});
    INLAY_CHECK(options.workers <= kWorkersMax);  // The command line refuses more.
    if (!os::may_change_user()) options.users_from = 0;
    INLAY_TRY_VOID(check_sandbox(options));
    INLAY_TRY(auto shared_file, registry::SharedMemory::create_file());
    INLAY_TRY(auto shared, registry::SharedMemory::open(shared_file.get()));
    std::unique_ptr<Supervisor> made(new Supervisor(std::move(options), std::move(shared)));
    made->shared_file_ = std::move(shared_file);
    os::fill_random(&made->shared_.state().seed, sizeof(uint64_t));
    made->accounts_.emplace(made->shared_.state(), made->options_.workers);
    INLAY_TRY_VOID(made->open_data());
    INLAY_TRY(made->listeners_, os::listen_on(made->options_.listen, made->options_.workers));
    return made;
}

std::string Supervisor::catalog_path() const { return options_.data_directory + "/" + std::string(store::kCatalogName); }

Result<> Supervisor::open_data() {
    INLAY_TRY(auto data, store::DataDirectory::open(options_.data_directory));
    data_directory_ = std::move(data.directory);
    lock_ = std::move(data.lock);
    directory_ = std::move(data.objects);
    ballast_.emplace(std::move(*data.ballast));
    catalog_.emplace(std::move(*data.catalog));
    versions_.emplace(data.epoch);
    INLAY_TRY(auto reader, store::CatalogReader::create(catalog_path()));
    reader_.emplace(std::move(reader));
    hot_.emplace(*options_.hot_memory, shared_.supervisor_counters());
    hot_->on_begin([this] { asio::post(loop_, [this] { begin_watch_of_memory(); }); });
    pipeline_ = std::make_unique<CommitPipeline>(*catalog_, *directory_, shared_, *ballast_, *hot_, [this] { tell_of_changes(); });
    promoter_.emplace(shared_.supervisor_counters());
    return open_links();
}

Result<> Supervisor::run() {
    watch_signals();
    watch_children();
    slots_.resize(options_.workers);
    for (size_t slot = 0; slot < slots_.size(); slot++) INLAY_TRY_VOID(start_worker(slot));
    compile_missing();
    sweep_leftovers();
    loop_.run();
    promoter_.reset();
    // Everything submitted is finished before the catalog closes; nobody is left to hear of it.
    pipeline_.reset();
    sweeper_.request_stop();
    return {};
}

// A worker and its lanes have one, which the worker needs to end them; compilers have the one behind. nullopt: no sandbox.
std::optional<uint32_t> Supervisor::user_of(size_t child) const {
    if (!options_.sandbox) return std::nullopt;
    return options_.users_from ? options_.users_from + static_cast<uint32_t>(child) : 0;
}

Result<> Supervisor::start_worker(size_t slot) {
    INLAY_TRY_VOID(os::listen_again(listeners_.sockets[slot].get()));
    INLAY_TRY(auto lookups, os::Channel::create_pair());
    INLAY_TRY(auto control, os::Channel::create_pair());
    serve::WorkerSettings settings;
    settings.slot = slot;
    settings.workers = options_.workers;
    settings.max_body = options_.max_body;
    settings.send = options_.send;
    settings.clients = options_.clients;
    settings.clock_resolution_us = options_.clock_resolution_us;
    settings.body_memory = options_.body_memory;
    settings.token = options_.token;
    settings.lanes = options_.lanes;
    settings.pool_slots = options_.pool_slots;
    settings.stream_memory = options_.stream_memory;
    settings.function_memory = options_.function_memory;
    INLAY_TRY(auto settings_file, os::create_memfd_of("inlay-settings", serve::encode(settings)));
    std::vector<int> inherited = {lookups.second.fd(), control.second.fd(), listeners_.sockets[slot].get(),
                                  shared_file_.get(), settings_file.get()};
    os::ChildPlan plan;
    plan.arguments = {"worker"};
    for (int fd : inherited) plan.arguments.push_back(std::to_string(fd));
    plan.arguments.push_back(os::sandbox_word(user_of(slot)));
    plan.inherited = inherited;
    INLAY_TRY(pid_t pid, os::spawn_self(plan));
    auto life = std::make_shared<WorkerLife>(loop_, std::move(lookups.first), std::move(control.first));
    life->pid = pid;
    life->slot = slot;
    life->started_ms = coarse_ms();
    life->listen([this](const Life& from, os::Message& message) { on_lookup(from, message); },
                 [this](const Life& from, os::Message& message) { on_call(from, message); });
    slots_[slot].life = std::move(life);
    return {};
}

void Supervisor::watch_signals() {
    end_signals_.async_wait([this](boost::system::error_code error, int) {
        if (error) return;
        if (draining_) {
            for (auto& slot : slots_)
                if (slot.life) os::send_signal(slot.life->pid, SIGKILL);
        }
        begin_drain();
        watch_signals();
    });
}

void Supervisor::watch_children() {
    child_signals_.async_wait([this](boost::system::error_code error, int) {
        if (error) return;
        while (auto exit = os::reap_child()) on_child_exit(*exit);
        watch_children();
    });
}

void Supervisor::on_child_exit(const os::Exit& exit) {
    if (compiler_.on_exit(exit) || on_lane_exit(exit)) return;
    auto found = std::find_if(slots_.begin(), slots_.end(),
                              [&](const Slot& slot) { return slot.life && slot.life->pid == exit.pid; });
    if (found == slots_.end()) return;
    size_t index = static_cast<size_t>(found - slots_.begin());
    bool young = coarse_ms() - found->life->started_ms < kYoungMs;
    links_->forget_reader(found->life->pid);
    found->life->end();
    drop_contents(found->life);
    found->life.reset();
    kill_lanes_of(index);
    for (auto gauge : {Counter::connections_open, Counter::streams_open, Counter::streams_waiting}) shared_.worker_counters(index).clear(gauge);
    for (auto& count : shared_.state().connections_by_address[index]) count.store(0, std::memory_order_relaxed);
    for (uint32_t account = 0; account < accounts_->given(); account++) shared_.state().accounts[index][account].in_flight.store(0, std::memory_order_relaxed);
    note_crash(index, exit);
    if (draining_) return end_when_drained();
    shared_.supervisor_counters().add_shared(Counter::worker_deaths);
    spdlog::error("worker {} (pid {}) ended with {}; starting another", index, exit.pid, exit.text());
    if (!young) {
        found->restart_wait_ms = 0;
        return restart_worker(index);
    }
    found->restart_wait_ms = std::clamp(found->restart_wait_ms * 2, kRestartWaitMinMs, kRestartWaitMaxMs);
    auto wait = std::make_shared<asio::steady_timer>(loop_, std::chrono::milliseconds(found->restart_wait_ms));
    wait->async_wait([this, wait, index](boost::system::error_code) { restart_worker(index); });
}

void Supervisor::restart_worker(size_t slot) {
    if (draining_ || slots_[slot].life) return;
    if (auto started = start_worker(slot); !started.ok()) {
        spdlog::error("worker {}: {}; trying again", slot, started.error().detail);
        auto wait = std::make_shared<asio::steady_timer>(loop_, std::chrono::milliseconds(kRestartWaitMaxMs));
        wait->async_wait([this, wait, slot](boost::system::error_code) { restart_worker(slot); });
    }
}

void Supervisor::begin_drain() {
    if (draining_) return;
    draining_ = true;
    spdlog::info("draining");
    for (auto& slot : slots_)
        if (slot.life) os::send_signal(slot.life->pid, SIGTERM);
    listeners_.sockets.clear();
    drain_timer_.expires_after(std::chrono::milliseconds(kDrainTimeoutMs + kDrainGraceMs));
    drain_timer_.async_wait([this](boost::system::error_code error) {
        if (error) return;
        for (auto& slot : slots_)
            if (slot.life) os::send_signal(slot.life->pid, SIGKILL);
    });
    end_when_drained();
}

void Supervisor::end_when_drained() {
    bool all_gone = std::none_of(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.life != nullptr; });
    if (all_gone && lanes_.empty()) loop_.stop();
}

// Workers that have nothing to do would hold deleted files open until their next look-up. Called by the pipeline's threads; one
// message stands for all changes before it.
void Supervisor::tell_of_changes() {
    if (telling_of_changes_.exchange(true)) return;
    asio::post(loop_, [this] {
        telling_of_changes_ = false;
        for (auto& slot : slots_)
            if (slot.life) slot.life->answer_call(registry::answer(registry::kChangesId).take());
    });
}

// Files that a crash left behind, removed beside the serving.
void Supervisor::sweep_leftovers() {
    sweeper_ = std::jthread([this](std::stop_token stop) {
        auto reader = store::CatalogReader::create(catalog_path());
        if (!reader.ok()) return spdlog::warn("sweep: {}", reader.error().detail);
        store::SweepRules rules;
        rules.current_epoch = versions_->epoch();
        rules.object_is_known = [&](std::string_view version) { return reader->has_object_version(version); };
        rules.module_is_known = [&](std::string_view version) { return reader->has_module_version(version); };
        auto swept = directory_->sweep(rules, stop);
        if (!swept.ok())
            spdlog::warn("sweep: {}", swept.error().detail);
        else if (swept->removed > 0)
            spdlog::info("sweep: removed {} leftovers of an earlier run", swept->removed);
        sweep_compiled(*reader, stop);
    });
}

// Compiled code of functions that are gone, of other engines and of other processors.
void Supervisor::sweep_compiled(store::CatalogReader& reader, const std::stop_token& stop) {
    auto walked = directory_->for_each_compiled([&](std::string_view name) {
        std::string version(name.substr(0, store::kVersionBytes));
        if (!store::is_version(version) || store::epoch_of(version) >= versions_->epoch()) return !stop.stop_requested();
        auto known = reader.has_module_version(version);
        bool ours = name == compiled_name(version, engine::Checks::epoch) || name == compiled_name(version, engine::Checks::none);
        bool leftover = !ours || (known.ok() && !*known);
        if (leftover) (void)directory_->remove_compiled(std::string(name));
        return !stop.stop_requested();
    });
    if (!walked.ok()) spdlog::warn("sweep: {}", walked.error().detail);
}

}  // namespace inlay::control
