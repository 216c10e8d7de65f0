// What workers ask the supervisor: look-ups, commits, deploys, listings, logs.
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "control/describe.hpp"
#include "control/supervisor.hpp"
#include "os/file.hpp"
#include "os/mapping.hpp"
#include "os/memfd.hpp"
#include "store/hash.hpp"

namespace inlay::control {
namespace asio = boost::asio;
using registry::Call;
namespace {

constexpr size_t kInlineJsonBytesMax = 32 * KiB;  // Longer answers travel as a memfd.

uint64_t wall_ms() { return wall_ns() / 1'000'000u; }

Error damaged() { return Error{Errc::bad_request, "a message of a worker is damaged"}; }

Result<> check_effect(const registry::Effect& effect) {
    INLAY_TRY_VOID(check_name("bucket", effect.name.bucket));
    INLAY_TRY_VOID(check_key(effect.name.key));
    if (effect.content_type.size() > kContentTypeBytesMax) return damaged();
    if (effect.kind == registry::ContentKind::inline_bytes && effect.length != effect.inline_bytes.size()) return damaged();
    return {};
}

}  // namespace

// ---- Look-ups: answered at once ----

void Supervisor::on_lookup(const Life& life, os::Message& message) {
    WireReader fields(message.bytes);
    uint64_t id = fields.number();
    switch (static_cast<Call>(fields.number())) {
        case Call::find_object: return find_object(life, id, fields);
        case Call::find_function: return find_function(life, id, fields);
        default: return life->answer_lookup(registry::answer(id, damaged()), {});
    }
}

void Supervisor::find_object(const Life& life, uint64_t id, WireReader& fields) {
    ObjectName name{std::string(fields.bytes()), std::string(fields.bytes())};
    auto find = [&]() -> Result<std::pair<store::ObjectRecord, os::Fd>> {
        if (!fields.finished()) return damaged();
        // An object replaced between the two steps has lost its old file: look again, the catalog knows the new one.
        for (int attempt = 0; attempt < 8; attempt++) {
            INLAY_TRY(auto record, reader_->find_object(name));
            if (!record) return Error{Errc::object_not_found, name.path()};
            INLAY_TRY(auto file, directory_->open(record->version));
            if (file) return std::pair{std::move(*record), std::move(*file)};
        }
        return Error{Errc::corrupt, fmt::format("the file of object {:?} is missing in the data directory", name.path())};
    };
    auto found = find();
    if (!found.ok()) return life->answer_lookup(registry::answer(id, found.error()), {});
    auto answer = registry::answer(id);
    registry::write(answer, found->first);
    life->answer_lookup(answer.take(), {found->second.get()});
}

void Supervisor::find_function(const Life& life, uint64_t id, WireReader& fields) {
    std::string name(fields.bytes());
    auto find = [&]() -> Result<std::pair<store::FunctionRecord, os::Fd>> {
        INLAY_TRY(auto record, reader_->find_function(name));
        if (!record) return Error{Errc::function_not_found, name};
        INLAY_TRY(auto file, directory_->open_compiled(compiled_name(record->version)));
        if (file) return std::pair{std::move(*record), std::move(*file)};
        compile_again(*record);
        return Error{Errc::overloaded, fmt::format("function {:?} is being compiled for this machine: retry in a moment", name)};
    };
    auto found = find();
    if (!found.ok()) return life->answer_lookup(registry::answer(id, found.error()), {});
    auto answer = registry::answer(id);
    registry::write(answer, found->first);
    life->answer_lookup(answer.take(), {found->second.get()});
}

// ---- Calls: answered later ----

void Supervisor::on_call(const Life& life, os::Message& message) {
    WireReader fields(message.bytes);
    uint64_t id = fields.number();
    if (message.fds_lost)
        return life->answer_call(registry::answer(id, {Errc::overloaded, "the supervisor has no descriptors left: retry later"}));
    switch (static_cast<Call>(fields.number())) {
        case Call::commit: return commit(life, id, fields, message.fds);
        case Call::deploy: return deploy(life, id, fields, message.fds);
        case Call::remove_function: return remove_function(life, id, fields);
        case Call::append_log: return append_log(fields);
        case Call::describe: {
            registry::Listing listing;
            registry::read(fields, listing);
            return answer_json(life, id, fields.finished() ? describe(listing, *reader_, logs_) : damaged());
        }
        case Call::refuse_compiled: {
            auto record = reader_->find_function(fields.bytes());
            if (!record.ok() || !*record || (*record)->version != fields.bytes()) return;
            spdlog::warn("compiled code of function {} is refused; compiling again", (*record)->name);
            (void)directory_->remove_compiled(compiled_name((*record)->version));
            return compile_again(**record);
        }
        default: return life->answer_call(registry::answer(id, damaged()));
    }
}

// Submits, and brings the outcome back to the loop.
void Supervisor::submit(std::unique_ptr<CommitJob> job, std::function<void(Result<Committed>)> on_loop) {
    job->done = [this, on_loop = std::move(on_loop)](Result<Committed> committed) {
        auto result = std::make_shared<Result<Committed>>(std::move(committed));
        asio::post(loop_, [on_loop, result] { on_loop(std::move(*result)); });
    };
    pipeline_->submit(std::move(job));
}

Result<std::unique_ptr<CommitJob>> Supervisor::make_commit_job(WireReader& fields, std::vector<os::Fd>& fds) {
    std::vector<registry::Effect> effects;
    registry::read(fields, effects, fds.size());
    if (!fields.finished() || effects.empty() || effects.size() > kPublishesMax) return damaged();
    auto job = std::make_unique<CommitJob>();
    for (auto& effect : effects) {
        INLAY_TRY_VOID(check_effect(effect));
        if (effect.is_delete) {
            job->changes.changes.push_back(store::DeleteObject{std::move(effect.name), std::move(effect.precondition)});
            continue;
        }
        NewContent content;
        content.name = versions_->next();
        content.inline_bytes = std::move(effect.inline_bytes);
        if (effect.fd >= 0) content.pages = std::move(fds[static_cast<size_t>(effect.fd)]);
        content.length = effect.length;
        store::ObjectRecord record{std::move(effect.name), content.name, effect.length, std::move(effect.content_type), wall_ms()};
        job->changes.changes.push_back(store::PutObject{std::move(record), std::move(effect.precondition)});
        job->contents.push_back(std::move(content));
    }
    return job;
}

void Supervisor::commit(const Life& life, uint64_t id, WireReader& fields, std::vector<os::Fd>& fds) {
    auto job = make_commit_job(fields, fds);
    if (!job.ok()) return life->answer_call(registry::answer(id, job.error()));
    auto versions = std::make_shared<std::vector<std::string>>();
    for (const auto& change : (*job)->changes.changes) {
        auto* put = std::get_if<store::PutObject>(&change);
        versions->push_back(put ? put->object.version : "");
    }
    submit(std::move(job).value(), [life, id, versions](Result<Committed> committed) {
        if (!committed.ok()) return life->answer_call(registry::answer(id, committed.error()));
        registry::CommitAnswer report;
        report.copied_bytes = committed->copied_bytes;
        for (size_t i = 0; i < versions->size(); i++)
            report.effects.push_back({committed->applied.effects[i] == store::Effect::created, (*versions)[i]});
        auto answer = registry::answer(id);
        registry::write(answer, report);
        life->answer_call(answer.take());
    });
}

void Supervisor::deploy(const Life& life, uint64_t id, WireReader& fields, std::vector<os::Fd>& fds) {
    store::FunctionRecord record;
    registry::read(fields, record);
    bool whole = fields.finished() && fds.size() == 1 && check_name("function", record.name).ok() &&
                 record.module_bytes <= kModuleBytesMax && record.memory_bytes <= kMemoryBytesMax &&
                 record.timeout_ms <= kTimeoutMsMax && record.env.size() <= kEnvBytesMax;
    if (!whole) return life->answer_call(registry::answer(id, damaged()));
    record.version = versions_->next();
    record.deployed_ms = wall_ms();
    CompileJob job;
    job.name = record.name;
    job.module = os::duplicate(fds.front().get());
    job.memory_bytes = record.memory_bytes;
    job.module_bytes = record.module_bytes;
    auto module = std::make_shared<os::Fd>(std::move(fds.front()));
    job.done = [this, life, id, record, module](Result<os::Fd> compiled) {
        store_function(life, id, record, std::move(compiled), std::move(*module));
    };
    compiler_.submit(std::move(job));
}

// The second half of a deploy: module, compiled code and catalog entry become durable together.
void Supervisor::store_function(const Life& life, uint64_t id, store::FunctionRecord record, Result<os::Fd> compiled,
                                os::Fd module) {
    if (!compiled.ok()) return life->answer_call(registry::answer(id, compiled.error()));
    auto status = os::status(compiled->get());
    auto bytes = os::Mapping::create(module.get(), 0, record.module_bytes, os::Access::read, os::Sharing::private_);
    if (!status.ok() || !bytes.ok()) return life->answer_call(registry::answer(id, Error{Errc::io_error, "reading the module"}));
    record.module_hash = store::xxh3_128_hex({reinterpret_cast<const char*>(bytes->data()), record.module_bytes});
    auto job = std::make_unique<CommitJob>();
    NewContent module_content{NewContent::Kind::module, record.version, "", std::move(module), record.module_bytes};
    NewContent compiled_content{NewContent::Kind::compiled, compiled_name(record.version), "", std::move(*compiled),
                                status->size};
    job->contents.push_back(std::move(module_content));
    job->contents.push_back(std::move(compiled_content));
    job->changes.changes.push_back(store::DeployFunction{record});
    submit(std::move(job), [this, life, id, record](Result<Committed> committed) {
        if (!committed.ok()) return life->answer_call(registry::answer(id, committed.error()));
        for (const auto& version : committed->applied.unreferenced_modules)
            (void)directory_->remove_compiled(compiled_name(version));
        answer_json(life, id, describe_function(record));
    });
}

void Supervisor::remove_function(const Life& life, uint64_t id, WireReader& fields) {
    std::string name(fields.bytes());
    if (auto checked = check_name("function", name); !fields.finished() || !checked.ok())
        return life->answer_call(registry::answer(id, damaged()));
    auto job = std::make_unique<CommitJob>();
    job->changes.changes.push_back(store::RemoveFunction{name});
    submit(std::move(job), [this, life, id, name](Result<Committed> committed) {
        if (!committed.ok()) return life->answer_call(registry::answer(id, committed.error()));
        logs_.forget(name);
        for (const auto& version : committed->applied.unreferenced_modules)
            (void)directory_->remove_compiled(compiled_name(version));
        life->answer_call(registry::answer(id).take());
    });
}

void Supervisor::append_log(WireReader& fields) {
    registry::LogLines lines;
    registry::read(fields, lines);
    if (!fields.finished()) return;
    auto known = reader_->find_function(lines.function);
    if (known.ok() && *known) logs_.append(lines, wall_ms());
}

void Supervisor::answer_json(const Life& life, uint64_t id, Result<std::string> json) {
    if (!json.ok()) return life->answer_call(registry::answer(id, json.error()));
    if (json->size() <= kInlineJsonBytesMax) return life->answer_call(registry::answer(id).bytes(*json).take());
    auto file = os::create_memfd_of("inlay-json", *json);
    if (!file.ok()) return life->answer_call(registry::answer(id, file.error()));
    os::rewind(file->get());
    life->answer_call(registry::answer(id).bytes("").take(), std::move(file).value());
}

// ---- Compiled code is a cache: made again when it is missing or refused ----

void Supervisor::compile_again(const store::FunctionRecord& record) {
    if (!recompiling_.insert(record.version).second) return;
    auto module = directory_->open_module(record.version);
    if (!module.ok() || !*module) {
        spdlog::error("the module of function {} is missing in the data directory: deploy it again", record.name);
        recompiling_.erase(record.version);
        return;
    }
    CompileJob job;
    job.name = record.name;
    job.module = std::move(**module);
    job.memory_bytes = record.memory_bytes;
    job.module_bytes = record.module_bytes;
    job.done = [this, record](Result<os::Fd> compiled) {
        recompiling_.erase(record.version);
        if (!compiled.ok()) return spdlog::error("{}", compiled.error().detail);
        auto status = os::status(compiled->get());
        if (!status.ok()) return spdlog::error("{}", status.error().detail);
        auto file = std::make_shared<os::Fd>(std::move(compiled).value());
        pipeline_->run_aside([this, record, file, size = status->size] {
            auto written = directory_->write_compiled(compiled_name(record.version), os::FileRange{file->get(), 0, size});
            if (!written.ok()) spdlog::error("compiled code of {}: {}", record.name, written.error().detail);
        });
    };
    compiler_.submit(std::move(job));
}

void Supervisor::compile_missing() {
    auto functions = reader_->list_functions();
    if (!functions.ok()) return spdlog::error("{}", functions.error().detail);
    for (const auto& record : *functions) {
        auto compiled = directory_->open_compiled(compiled_name(record.version));
        if (compiled.ok() && !*compiled) compile_again(record);
    }
}

}  // namespace inlay::control
