// What workers ask the supervisor: look-ups, commits, removals, listings, logs.
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

Result<> check_effect(const registry::Effect& effect) {
    INLAY_TRY_VOID(check_name("bucket", effect.name.bucket));
    INLAY_TRY_VOID(check_key(effect.name.key));
    if (effect.content_type.size() > kContentTypeBytesMax) return registry::damaged_message();
    if (effect.kind == registry::ContentKind::inline_bytes && effect.length != effect.inline_bytes.size()) return registry::damaged_message();
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
        default: return life->answer_lookup(registry::answer(id, registry::damaged_message()), {});
    }
}

void Supervisor::find_object(const Life& life, uint64_t id, WireReader& fields) {
    ObjectName name{std::string(fields.bytes()), std::string(fields.bytes())};
    bool is_hot = false;
    auto find = [&]() -> Result<std::pair<store::ObjectRecord, os::Fd>> {
        if (!fields.finished()) return registry::damaged_message();
        // An object replaced between the two steps has lost its old file: look again, the catalog knows the new one.
        for (int attempt = 0; attempt < 8; attempt++) {
            INLAY_TRY(auto record, reader_->find_object(name));
            if (!record) return Error{Errc::object_not_found, name.path()};
            if (record->linked()) {
                INLAY_TRY(auto linked, links_->open(record->version, life->pid));
                return std::pair{std::move(*record), std::move(linked)};
            }
            if (auto pages = hot_->find(record->version)) {
                is_hot = true;
                return std::pair{std::move(*record), std::move(pages)};
            }
            INLAY_TRY(auto file, directory_->open(record->version));
            if (file) return std::pair{std::move(*record), std::move(*file)};
        }
        return Error{Errc::corrupt, fmt::format("the file of object {:?} is missing in the data directory", name.path())};
    };
    auto found = find();
    if (!found.ok()) {
        life->answer_lookup(registry::answer(id, found.error()), {});
        if (found.error().code == Errc::object_changed) break_links();
        return;
    }
    auto answer = registry::answer(id);
    registry::write(answer, found->first);
    life->answer_lookup(answer.number(is_hot).take(), {found->second.get()});
}

void Supervisor::find_function(const Life& life, uint64_t id, WireReader& fields) {
    std::string name(fields.bytes());
    std::optional<uint32_t> account;
    auto find = [&]() -> Result<std::pair<store::FunctionRecord, os::Fd>> {
        INLAY_TRY(auto record, reader_->find_function(name));
        if (!record) return Error{Errc::function_not_found, name};
        if (auto* reason = quarantine_.reason(record->version))
            return Error{Errc::function_quarantined, fmt::format("function {:?} is in quarantine: {}; deploy it again to have it run", name, *reason)};
        if (account = accounts_->account_of(name); !account) return Error{Errc::overloaded, "as many functions as can be were removed a moment ago: retry"};
        auto checks = record->isolated ? engine::Checks::none : engine::Checks::epoch;
        INLAY_TRY(auto file, record->is_pipeline() ? directory_->open_module(record->version)
                                                   : directory_->open_compiled(compiled_name(record->version, checks)));
        if (file) return std::pair{std::move(*record), std::move(*file)};
        if (record->is_pipeline()) return Error{Errc::corrupt, fmt::format("the plan of pipeline {} is missing in the data directory: deploy it again", name)};
        compile_again(*record, checks);
        return Error{Errc::overloaded, fmt::format("function {:?} is being compiled for this machine: retry in a moment", name)};
    };
    auto found = find();
    if (!found.ok()) return life->answer_lookup(registry::answer(id, found.error()), {});
    auto answer = registry::answer(id);
    registry::write(answer, found->first);
    life->answer_lookup(answer.number(*account).take(), {found->second.get()});
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
            return answer_json(life, id, fields.finished() ? describe(listing, *reader_, known_of_functions()) : registry::damaged_message());
        }
        case Call::refuse_compiled: return refuse_compiled(fields);
        case Call::start_lane: return start_lane(life, id, message.fds);
        case Call::get_unchecked: return get_unchecked(life, id, fields);
        case Call::let_go: return let_go(life, id, fields);
        case Call::begin_content: return begin_content(life, id, fields, message.fds);
        case Call::write_content: return write_content(life, id, fields);
        case Call::read_content: return read_content(life, id, fields);
        case Call::drop_content: return drop_content(life, id, fields);
        case Call::note_use: return note_use(fields);
        case Call::note_trace: return note_trace(fields);
        default: return life->answer_call(registry::answer(id, registry::damaged_message()));
    }
}

// Submits, and brings the outcome back to the loop.
void Supervisor::submit(std::unique_ptr<CommitJob> job, std::function<void(Result<Committed>)> on_loop) {
    job->done = [this, on_loop = std::move(on_loop)](Result<Committed> committed) {
        auto result = std::make_shared<Result<Committed>>(std::move(committed));
        asio::post(loop_, [this, on_loop, result] {
            if (result->ok())
                for (const auto& version : (*result)->applied.unreferenced_objects) links_->retire(version);
            on_loop(std::move(*result));
        });
    };
    pipeline_->submit(std::move(job));
}

Result<std::unique_ptr<CommitJob>> Supervisor::make_commit_job(const Life& life, WireReader& fields, std::vector<os::Fd>& fds) {
    std::vector<registry::Effect> effects;
    registry::read(fields, effects, fds.size());
    if (!fields.finished() || effects.empty() || effects.size() > kPipelinePublishesMax) return registry::damaged_message();
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
        if (effect.fd >= 0) {
            content.pages = std::move(fds[static_cast<size_t>(effect.fd)]);
            content.broken = links_->link_behind(content.pages.get());
        }
        bool was_begun = effect.kind == registry::ContentKind::begun;
        if (was_begun) content.begun = take_content(life, effect.begun);
        if (was_begun && !content.begun) return registry::damaged_message();
        content.length = effect.length;
        store::ObjectRecord record{std::move(effect.name), content.name, effect.length, std::move(effect.content_type), wall_ms()};
        job->changes.changes.push_back(store::PutObject{std::move(record), std::move(effect.precondition)});
        job->contents.push_back(std::move(content));
    }
    return job;
}

void Supervisor::commit(const Life& life, uint64_t id, WireReader& fields, std::vector<os::Fd>& fds) {
    auto job = make_commit_job(life, fields, fds);
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

void Supervisor::remove_function(const Life& life, uint64_t id, WireReader& fields) {
    std::string name(fields.bytes());
    if (auto checked = check_name("function", name); !fields.finished() || !checked.ok())
        return life->answer_call(registry::answer(id, registry::damaged_message()));
    auto job = std::make_unique<CommitJob>();
    job->changes.changes.push_back(store::RemoveFunction{name});
    submit(std::move(job), [this, life, id, name](Result<Committed> committed) {
        if (!committed.ok()) return life->answer_call(registry::answer(id, committed.error()));
        logs_.forget(name);
        if (auto account = accounts_->forget(name)) registry::forget_edges(shared_.state(), *account);
        remove_code(committed->applied);
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

void Supervisor::note_trace(WireReader& fields) {
    registry::Trace trace;
    registry::read(fields, trace);
    if (fields.finished()) traces_.add(std::move(trace), wall_ms());
}

void Supervisor::answer_json(const Life& life, uint64_t id, Result<std::string> json) {
    if (!json.ok()) return life->answer_call(registry::answer(id, json.error()));
    if (json->size() <= kInlineJsonBytesMax) return life->answer_call(registry::answer(id).bytes(*json).take());
    auto file = os::create_memfd_of("inlay-json", *json);
    if (!file.ok()) return life->answer_call(registry::answer(id, file.error()));
    os::rewind(file->get());
    life->answer_call(registry::answer(id).bytes("").take(), std::move(file).value());
}

}  // namespace inlay::control
