// prepare -> compile -> run what there is to run -> take.
#include "run/initialise.hpp"

#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "engine/compile.hpp"
#include "engine/snapshot.hpp"
#include "run/conclusion.hpp"
#include "run/invocation.hpp"

namespace inlay::run {
namespace {

constexpr size_t kSaidBytesMax = 1024;

// There is nothing to be had yet.
class NoSupply final : public Supply {
  public:
    Result<std::shared_ptr<const registry::Object>> get_object(const ObjectName&) override { return Error{Errc::object_not_found, "there are no objects at deploy"}; }
    bool may_read(const std::shared_ptr<const os::Pages>&, uint64_t, uint64_t) override { return true; }
    Result<std::shared_ptr<const os::Pages>> create_output(uint64_t) override { return Error{Errc::overloaded, "there are no outputs at deploy"}; }
    bool take_log_line(uint64_t, std::string_view text) override {
        if (said.size() < kSaidBytesMax) said.append(text).append("; ");
        return true;
    }

    std::string said;  // What it logged, which nobody keeps: it may tell why it trapped.
};

Error refuse(std::string_view during, const engine::Trap& trap, std::string_view said, Invocation& invocation) {
    note_refused_memory(invocation);
    return Error{Errc::bad_module, fmt::format("the module cannot be initialised at deploy, deploy it without --warm: {} trapped{}: {}{}", during,
                                               after_limit_met(invocation), said, trap.message)};
}

}  // namespace

Result<std::string> initialise(const engine::Engine& engine, std::span<const uint8_t> module, uint64_t memory_bytes_max) {
    std::string translated;
    INLAY_TRY(auto binary, engine::binary_of(module, translated));
    INLAY_TRY(auto prepared, engine::prepare_snapshot(binary));
    INLAY_TRY(auto code, engine::compile(engine, {reinterpret_cast<const uint8_t*>(prepared.data()), prepared.size()}, memory_bytes_max));
    registry::Function function;
    INLAY_TRY(function.program, engine::Program::load(engine, {reinterpret_cast<const uint8_t*>(code.data()), code.size()}));
    if (function.program->is_command())
        return Error{Errc::bad_module, "a WASI command has nothing that could be initialised apart from its main: export inlay_handle and _initialize (a reactor), or deploy it without --warm"};
    function.record.limits.memory_bytes = memory_bytes_max;
    Request request;
    NoSupply supply;
    Terms terms{.place = Place::lane};  // A process of its own, which may sleep, and is ended in time.
    Invocation invocation(function, request, supply, terms);
    invocation.began_ns = monotonic_ns();
    engine::Instance instance(*function.program, memory_bytes_max, &invocation);
    invocation.memory = &instance.memory();
    INLAY_TRY(auto trapped, instance.start());
    if (trapped) return refuse("its start", *trapped, supply.said, invocation);
    if (auto warmed = instance.call_if_present(engine::kWarmExport))
        if (auto* trap = std::get_if<engine::Trap>(&*warmed)) return refuse(engine::kWarmExport, *trap, supply.said, invocation);
    INLAY_TRY(auto snapshot, engine::take_snapshot(binary, instance));
    if (snapshot.size() > kModuleBytesMax)
        return Error{Errc::bad_module, fmt::format("the module's snapshot has {} bytes, more than kModuleBytesMax ({}): initialise less memory, or deploy it without --warm", snapshot.size(), kModuleBytesMax)};
    return snapshot;
}

}  // namespace inlay::run
