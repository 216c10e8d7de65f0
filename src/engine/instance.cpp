// Instantiates, calls, and drops in the right order.
#include "engine/instance.hpp"

#include "base/check.hpp"
#include "base/limits.hpp"
#include "engine/engine_parts.hpp"
#include "engine/trap_place.hpp"

namespace inlay::engine {
namespace {

struct TrapWords {
    TrapKind kind;
    const char* reason;
};

TrapWords words_of(wasmtime_trap_code_t code) {
    switch (code) {
        case WASMTIME_TRAP_CODE_INTERRUPT: return {TrapKind::interrupted, "deadline passed"};
        case WASMTIME_TRAP_CODE_STACK_OVERFLOW: return {TrapKind::stack_overflow, "call stack exhausted"};
        case WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS: return {TrapKind::out_of_bounds, "out-of-bounds memory access"};
        case WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED: return {TrapKind::unreachable, "unreachable instruction"};
        case WASMTIME_TRAP_CODE_TABLE_OUT_OF_BOUNDS: return {TrapKind::other, "out-of-bounds table access"};
        case WASMTIME_TRAP_CODE_INDIRECT_CALL_TO_NULL: return {TrapKind::other, "indirect call to null"};
        case WASMTIME_TRAP_CODE_BAD_SIGNATURE: return {TrapKind::other, "indirect call of another type"};
        case WASMTIME_TRAP_CODE_INTEGER_OVERFLOW: return {TrapKind::other, "integer overflow"};
        case WASMTIME_TRAP_CODE_INTEGER_DIVISION_BY_ZERO: return {TrapKind::other, "integer division by zero"};
        case WASMTIME_TRAP_CODE_BAD_CONVERSION_TO_INTEGER: return {TrapKind::other, "bad conversion to integer"};
        default: return {TrapKind::other, "trap"};
    }
}

}  // namespace

Trap Instance::describe(const TrapHandle& trap) {
    wasmtime_trap_code_t code = 0;
    if (!wasmtime_trap_code(trap.get(), &code)) return describe(message_of(trap));
    TrapWords words = words_of(code);
    std::string message = account_of(message_of(trap));
    return Trap{words.kind, words.reason + place_of(message), std::move(message)};
}

Trap Instance::describe(const ErrorHandle& error) { return describe(message_of(error)); }

// What is no trap of WebAssembly is told by its message: that a host function has ended it, or the store's limits.
Trap Instance::describe(std::string message) {
    auto says = [&](std::string_view words) { return message.find(words) != message.npos; };
    TrapWords words{TrapKind::other, "trap"};
    if (says(kStopMessage)) words = {TrapKind::stopped, "stopped by the host"};
    if (says(kOverMessage)) words = words_of(WASMTIME_TRAP_CODE_INTERRUPT);
    if (says(kMoreMessage)) words = {TrapKind::wants_more, "more memory than it may have"};
    return Trap{words.kind, words.reason, std::move(message)};
}

Instance::Instance(const Program& program, uint64_t memory_bytes_max, void* state, AtLimit at_limit)
    : program_(program),
      limits_(memory_bytes_max, at_limit),
      store_(wasmtime_store_new(program.engine().parts().engine.get(), state, nullptr)),
      context_(wasmtime_store_context(store_.get())) {
    wasmtime_context_set_epoch_deadline(context_, 1);
    inlay_store_limit(store_.get(), &limits_);
}

// Windows go before the store: members would be destroyed in the other order.
Instance::~Instance() {
    if (memory_.attached()) memory_.restore();
    store_.reset();
}

Result<std::optional<Trap>> Instance::start() {
    wasm_trap_t* trap = nullptr;
    ErrorHandle error(wasmtime_instance_pre_instantiate(program_.parts().pre.get(), context_, &instance_, &trap));
    if (trap) return std::optional<Trap>(describe(TrapHandle(trap)));
    if (error) {
        auto message = message_of(error);
        auto told = describe(message);  // A start function that a host call ended is no lack of room.
        if (told.kind != TrapKind::other) return std::optional<Trap>(std::move(told));
        return Error{Errc::overloaded, "no instance can be made: " + message};
    }
    attach_memory();
    if (!program_.parts().has_initialize) return std::optional<Trap>();
    auto initialized = call(program_.parts().initialize);
    if (auto* trapped = std::get_if<Trap>(&initialized)) return std::optional<Trap>(std::move(*trapped));
    return std::optional<Trap>();
}

void Instance::forget_interrupts() { wasmtime_context_set_epoch_deadline(context_, 1); }

CallResult Instance::call_handle() { return call(program_.parts().handle); }

void Instance::attach_memory() {
    auto memory = item(program_.parts().memory);
    INLAY_CHECK(memory.kind == WASMTIME_EXTERN_MEMORY);  // compile() refuses modules without it.
    memory_.attach(store_.get(), memory.of.memory, limits_, program_.engine());
}

wasmtime_extern_t Instance::item(const NamedExport& which) {
    wasmtime_extern_t found;
    INLAY_CHECK(which.get(context_, instance_, found));
    return found;
}

wasmtime_func_t Instance::function(const NamedExport& which) {
    auto found = item(which);
    INLAY_CHECK(found.kind == WASMTIME_EXTERN_FUNC);
    return found.of.func;
}

std::optional<CallResult> Instance::call_if_present(std::string_view name) {
    wasmtime_extern_t found;
    NamedExport which(name);
    if (!which.get(context_, instance_, found) || found.kind != WASMTIME_EXTERN_FUNC) return std::nullopt;
    return call(found.of.func);
}

CallResult Instance::call(const NamedExport& which) { return call(function(which)); }

CallResult Instance::call(const wasmtime_func_t& called) {
    wasmtime_val_raw_t values[1] = {};
    wasm_trap_t* trap = nullptr;
    ErrorHandle error(wasmtime_func_call_unchecked(context_, &called, values, 1, &trap));
    if (trap) return describe(TrapHandle(trap));
    if (error) return describe(error);
    return values[0].i32;
}

}  // namespace inlay::engine
