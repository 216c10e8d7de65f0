// Looks in the cache, else asks the supervisor.
#include "registry/tables.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "os/file.hpp"
#include "registry/compiled_file.hpp"
#include "registry/plan.hpp"

namespace inlay::registry {
namespace {

// Whether so much of it was mapped that other pages may be worth it.
bool is_in_use(const Object& object) {
    const auto& record = object.record;
    return object.pages.use().mapped_bytes / kPromoteMappings >= std::max(record.size_bytes, kPromoteBytesMin) && !record.linked();
}

}  // namespace

Tables::Tables(SupervisorLink& link, const engine::Engine& engine, const SharedState& shared, CounterBlock& counters)
    : link_(link),
      engine_(engine),
      counters_(counters),
      changes_(shared),
      functions_(kFunctionsLoadedMax),
      objects_(kObjectsCachedMax) {}

void Tables::catch_up() {
    changes_.catch_up(
        [this](uint64_t hash) {
            functions_.erase(hash);
            objects_.erase(hash);
        },
        [this] {
            functions_.clear();
            objects_.clear();
        });
}

Result<std::shared_ptr<const Function>> Tables::get_function(std::string_view name) {
    catch_up();
    uint64_t hash = hash_of_function(name);
    if (auto* known = functions_.find(hash, name)) return *known;
    INLAY_TRY_VOID(check_name("function", name));
    counters_.add(Counter::lookups_total);
    INLAY_TRY(auto found, link_.find_function(std::string(name)));
    if (!found)
        return Error{Errc::function_not_found, fmt::format("function {:?} is not deployed: see `inlay functions`", name)};
    auto function = std::make_shared<Function>(Function{std::move(found->record), found->account, nullptr, std::move(found->compiled)});
    auto loaded = load(*function);
    if (!loaded.ok() && loaded.error().code != Errc::corrupt) return std::move(loaded).error();
    if (!loaded.ok()) {
        refuse_compiled(function->record, function->record.isolated ? engine::Checks::none : engine::Checks::epoch);
        return Error{Errc::overloaded, fmt::format("function {:?} is being compiled again: retry in a moment", name)};
    }
    function->mark = mark_of_version(function->record.version);
    return *functions_.insert(hash, name, std::move(function));
}

// The code of an isolated function is not even looked at here. Errors: corrupt, also of code for another engine; io_error.
Result<> Tables::load(Function& function) const {
    if (function.record.is_pipeline()) {
        INLAY_TRY(auto text, os::read_all(function.compiled.get(), kPlanBytesMax));
        auto plan = Plan::parse(text);
        if (!plan.ok()) return Error{Errc::internal, fmt::format("pipeline {:?} cannot be read by this version: deploy it again ({})", function.record.name, plan.error().detail)};
        function.plan = std::make_shared<const Plan>(std::move(plan).value());
        return {};
    }
    if (function.record.isolated) {
        INLAY_TRY(auto way, body_way_of_compiled_file(function.compiled.get()));
        function.streams = way == BodyWay::streams;
        return {};
    }
    INLAY_TRY(auto mapped, map_compiled_file(function.compiled.get()));
    INLAY_TRY(function.program, engine::Program::load(engine_, mapped.code));
    function.streams = mapped.way == BodyWay::streams;
    function.calls = function.program->imports("call") || function.program->imports("spawn");
    return {};
}

void Tables::refuse_compiled(const store::FunctionRecord& record, engine::Checks checks) {
    link_.tell(Call::refuse_compiled,
               WireWriter().bytes(record.name).bytes(record.version).number(static_cast<uint64_t>(checks)).take());
}

// What a worker holds of a linked object is one Object at a time: the supervisor counts on being told when it ends.
std::shared_ptr<const Object> Tables::open_linked(FoundObject found) {
    std::string version = found.record.version;
    auto& known = linked_[version];
    if (auto held = known.lock()) {
        let_go(version);  // The answer to this look-up; the earlier one is still held.
        return held;
    }
    os::Pages pages(std::move(found.file), found.record.size_bytes, os::Pages::Home::disk);
    pages.set_foreign();
    auto ended = [tables = std::weak_ptr(self_), version](void*) {
        if (auto here = tables.lock(); here && (*here)->linked_.erase(version)) (*here)->let_go(version);
    };
    auto object = std::make_shared<const Object>(
        Object{std::move(found.record), std::move(pages), std::shared_ptr<void>(nullptr, std::move(ended))});
    known = object;
    return object;
}

void Tables::let_go(const std::string& version) {
    link_.call(Call::let_go, WireWriter().bytes(version).take(), {}, [](const Result<Answer>&) {});
}

void Tables::lose_link(std::string_view version) {
    auto found = linked_.find(std::string(version));
    if (found != linked_.end()) {
        if (auto object = found->second.lock()) object->pages.note_lost();
        linked_.erase(found);
    }
    let_go(std::string(version));  // Also where nothing is held: the supervisor counts answers that did not arrive, too.
}

void Tables::lose_all_links() {
    while (!linked_.empty()) lose_link(std::string(linked_.begin()->first));
}

// Also of what is in the best pages there are: there it stays as long as it is in use.
void Tables::tell_of_use(const Object& object) {
    auto& use = object.pages.use();
    uint64_t now_ms = coarse_ms();
    if (use.told_ms != 0 && now_ms - use.told_ms < kUseToldMs) return;
    use = {0, now_ms};
    link_.tell(Call::note_use, WireWriter().bytes(object.record.name.bucket).bytes(object.record.name.key).bytes(object.record.version).take());
}

Result<std::shared_ptr<const Object>> Tables::get_object(const ObjectName& name) {
    catch_up();
    uint64_t hash = hash_of_object(name.bucket, name.key);
    std::string path = name.path();
    if (auto* known = objects_.find(hash, path)) {
        if ((*known)->pages.lost()) return changed_error();
        if (is_in_use(**known)) tell_of_use(**known);
        return *known;
    }
    counters_.add(Counter::lookups_total);
    INLAY_TRY(auto found, link_.find_object(name));
    if (!found) return Error{Errc::object_not_found, fmt::format("object {:?} does not exist", path)};
    if (found->record.linked()) return *objects_.insert(hash, path, open_linked(std::move(*found)));
    uint64_t size = found->record.size_bytes;
    os::Pages pages(std::move(found->file), size, found->home);
    auto object = std::make_shared<Object>(Object{std::move(found->record), std::move(pages), nullptr});
    return *objects_.insert(hash, path, std::move(object));
}

}  // namespace inlay::registry
