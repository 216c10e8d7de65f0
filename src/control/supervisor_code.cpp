// Deploys, and compiled code: made at deploy, a cache afterwards, made again when it is missing or refused.
#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "control/describe.hpp"
#include "control/supervisor.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"
#include "store/hash.hpp"

namespace inlay::control {
using engine::Checks;
namespace {

constexpr Checks kAllChecks[] = {Checks::epoch, Checks::none};

bool wants_at_deploy(const store::FunctionRecord& record, Checks checks) {
    if (record.is_pipeline()) return false;
    return checks == Checks::epoch ? !record.isolated : record.begins_in_lanes();
}

Checks first_checks(const store::FunctionRecord& record) { return record.isolated ? Checks::none : Checks::epoch; }

struct Module {
    os::Fd file;
    std::string hash;
};

// COPY: a module, once per deploy; a sender that was hacked could otherwise change it under the compiler, or truncate it under us.
Result<Module> take_module(int from, uint64_t size) {
    std::string bytes(size, '\0');
    INLAY_TRY_VOID(os::read_exactly_at(from, bytes.data(), size, 0));
    INLAY_TRY(auto file, os::create_memfd_of("inlay-module", bytes));
    INLAY_TRY_VOID(os::seal(file.get()));
    return Module{std::move(file), store::xxh3_128_hex(bytes)};
}

}  // namespace

// A deploy under way: its module, and what has been compiled of it so far.
struct Supervisor::Deployment {
    Life life;
    uint64_t id = 0;
    store::FunctionRecord record;
    os::Fd module;
    std::vector<NewContent> compiled;
};

void Supervisor::deploy(const Life& life, uint64_t id, WireReader& fields, std::vector<os::Fd>& fds) {
    store::FunctionRecord record;
    registry::read(fields, record);
    bool whole = fields.finished() && fds.size() == 1 && check_name("function", record.name).ok() &&
                 record.module_bytes <= (record.is_pipeline() ? kPlanBytesMax : kModuleBytesMax) && are_within_bounds(record.limits) && record.env.size() <= kEnvBytesMax &&
                 record.directories.size() <= kEnvBytesMax;
    if (!whole) return life->answer_call(registry::answer(id, registry::damaged_message()));
    record.version = versions_->next();
    record.deployed_ms = wall_ms();
    auto deployment = std::make_shared<Deployment>();
    deployment->life = life;
    deployment->id = id;
    deployment->record = std::move(record);
    // Ours from here on: what is compiled is what is stored, whatever its sender does to the pages now.
    auto module = take_module(fds.front().get(), deployment->record.module_bytes);
    if (!module.ok()) return life->answer_call(registry::answer(id, module.error()));
    deployment->module = std::move(module->file);
    deployment->record.module_hash = std::move(module->hash);
    if (deployment->record.is_pipeline()) return store_function(*deployment);  // Its worker has read it; nobody trusts it.
    if (deployment->record.warm) return initialise(deployment);
    compile_for(deployment, first_checks(deployment->record));
}

// Instead of the module stands from here on what it is once it has been initialised.
void Supervisor::initialise(const std::shared_ptr<Deployment>& deployment) {
    const auto& record = deployment->record;
    CompileJob job{record.name, os::duplicate(deployment->module.get()), record.module_bytes, record.limits.memory_bytes, Checks::none, CompileJob::Task::initialise, {}};
    if (options_.incremental) job.kept = kept_code_.of(record.name, job.task, job.checks);
    job.done = [this, deployment](Result<os::Fd> snapshot) {
        auto size = snapshot.ok() ? os::status(snapshot->get()) : Result<os::FileStatus>(snapshot.error());
        if (size.ok() && size->size > kModuleBytesMax) size = registry::damaged_message();  // The child has looked at that.
        auto module = size.ok() ? take_module(snapshot->get(), size->size) : Result<Module>(size.error());
        if (!module.ok()) return deployment->life->answer_call(registry::answer(deployment->id, module.error()));
        deployment->module = std::move(module->file);
        deployment->record.module_hash = std::move(module->hash);
        deployment->record.module_bytes = size->size;
        compile_for(deployment, first_checks(deployment->record));
    };
    compiler_.submit(std::move(job));
}

void Supervisor::compile_for(const std::shared_ptr<Deployment>& deployment, Checks checks) {
    const auto& record = deployment->record;
    CompileJob job{record.name, os::duplicate(deployment->module.get()), record.module_bytes, record.limits.memory_bytes, checks, CompileJob::Task::compile, {}};
    if (options_.incremental) job.kept = kept_code_.of(record.name, job.task, job.checks);
    job.done = [this, deployment, checks](Result<os::Fd> compiled) {
        auto size = compiled.ok() ? os::status(compiled->get()) : Result<os::FileStatus>(compiled.error());
        if (!size.ok()) return deployment->life->answer_call(registry::answer(deployment->id, size.error()));
        deployment->compiled.push_back({NewContent::Kind::compiled, compiled_name(deployment->record.version, checks), "",
                                        std::move(*compiled), size->size});
        if (checks == Checks::epoch && wants_at_deploy(deployment->record, Checks::none)) return compile_for(deployment, Checks::none);
        store_function(*deployment);
    };
    compiler_.submit(std::move(job));
}

// The second half of a deploy: module, compiled code and catalog entry become durable together.
void Supervisor::store_function(Deployment& deployment) {
    const auto& record = deployment.record;
    auto job = std::make_unique<CommitJob>();
    job->contents = std::move(deployment.compiled);
    job->contents.push_back({NewContent::Kind::module, record.version, "", std::move(deployment.module), record.module_bytes});
    job->changes.changes.push_back(store::DeployFunction{record});
    submit(std::move(job), [this, life = deployment.life, id = deployment.id, record](Result<Committed> committed) {
        if (!committed.ok()) return life->answer_call(registry::answer(id, committed.error()));
        remove_code(committed->applied);
        answer_json(life, id, describe_function(record, known_of_functions()));
    });
}

// Of functions that the catalog does not name any more.
void Supervisor::remove_code(const store::Applied& applied) {
    for (const auto& version : applied.unreferenced_modules)
        for (auto checks : kAllChecks) (void)directory_->remove_compiled(compiled_name(version, checks));
}

// ---- The cache ----

// Gives the code of a function, from the cache or compiled now; whoever asks meanwhile waits for the same compilation.
void Supervisor::get_code(const store::FunctionRecord& record, Checks checks, OnCode on_code) {
    std::string name = compiled_name(record.version, checks);
    auto cached = directory_->open_compiled(name);
    if (!cached.ok()) return on_code(std::move(cached).error());
    if (*cached) return on_code(std::move(**cached));
    auto& waiting = compiling_[name];
    waiting.push_back(std::move(on_code));
    if (waiting.size() > 1) return;
    auto module = directory_->open_module(record.version);
    if (!module.ok() || !*module) {
        Error missing{Errc::corrupt, fmt::format("the module of function {} is missing in the data directory: deploy it again", record.name)};
        return give_code(name, std::move(missing));
    }
    CompileJob job{record.name, std::move(**module), record.module_bytes, record.limits.memory_bytes, checks, CompileJob::Task::compile, {}};
    job.done = [this, name](Result<os::Fd> compiled) {
        if (compiled.ok()) keep_code(name, *compiled);
        give_code(name, std::move(compiled));
    };
    compiler_.submit(std::move(job));
}

void Supervisor::give_code(const std::string& name, Result<os::Fd> compiled) {
    auto waiting = std::move(compiling_[name]);
    compiling_.erase(name);
    for (const auto& on_code : waiting) compiled.ok() ? on_code(os::duplicate(compiled->get())) : on_code(compiled.error());
}

void Supervisor::keep_code(const std::string& name, const os::Fd& compiled) {
    auto status = os::status(compiled.get());
    if (!status.ok()) return spdlog::error("{}", status.error().detail);
    auto file = std::make_shared<os::Fd>(os::duplicate(compiled.get()));
    pipeline_->run_aside([this, name, file, size = status->size] {
        auto written = directory_->write_compiled(name, os::FileRange{file->get(), 0, size});
        if (!written.ok()) spdlog::error("compiled code {}: {}", name, written.error().detail);
    });
}

void Supervisor::compile_again(const store::FunctionRecord& record, Checks checks) {
    get_code(record, checks, [](Result<os::Fd> code) {
        if (!code.ok()) spdlog::error("{}", code.error().detail);
    });
}

void Supervisor::compile_missing() {
    auto functions = reader_->list_functions();
    if (!functions.ok()) return spdlog::error("{}", functions.error().detail);
    for (const auto& record : *functions)
        for (auto checks : kAllChecks)
            if (wants_at_deploy(record, checks)) compile_again(record, checks);
}

// ---- What workers ask ----

void Supervisor::refuse_compiled(WireReader& fields) {
    auto record = reader_->find_function(fields.bytes());
    if (!record.ok() || !*record || (*record)->version != fields.bytes()) return;
    auto checks = fields.number() == static_cast<uint64_t>(Checks::none) ? Checks::none : Checks::epoch;
    spdlog::warn("compiled code of function {} is refused; compiling again", (*record)->name);
    (void)directory_->remove_compiled(compiled_name((*record)->version, checks));
    compile_again(**record, checks);
}

void Supervisor::get_unchecked(const Life& life, uint64_t id, WireReader& fields) {
    std::string name(fields.bytes()), version(fields.bytes());
    bool waits = fields.number() != 0;
    auto record = reader_->find_function(name);
    if (!record.ok() || !fields.finished())
        return life->answer_call(registry::answer(id, record.ok() ? registry::damaged_message() : record.error()));
    if (!*record || (*record)->version != version)
        return life->answer_call(registry::answer(id, Error{Errc::function_not_found, name}));
    auto cached = directory_->open_compiled(compiled_name(version, Checks::none));
    if (!waits && cached.ok() && !*cached) {
        compile_again(**record, Checks::none);
        return life->answer_call(registry::answer(id, Error{Errc::overloaded, "its code for lanes is being compiled"}));
    }
    get_code(**record, Checks::none, [life, id](Result<os::Fd> code) {
        if (!code.ok()) return life->answer_call(registry::answer(id, code.error()));
        life->answer_call(registry::answer(id).take(), std::move(code).value());
    });
}

}  // namespace inlay::control
