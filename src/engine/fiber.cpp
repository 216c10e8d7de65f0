// Polls the engine's futures, one for each step, and calls host functions that wait again.
#include "engine/fiber.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/check.hpp"
#include "engine/engine_parts.hpp"
#include "engine/watchdog.hpp"

namespace inlay::engine {
namespace {

// A call of a host function. The engine keeps what it points to until the call has ended.
struct WaitingCall {
    const HostFunction& function;
    void* state;
    std::array<RawValue, kHostParametersMax> arguments;
    wasmtime_val_t* result;  // nullptr: it has none.
    wasm_trap_t*& trap;
    bool has_waited = false;

    // True: it has ended.
    bool run() {
        int32_t value = function.call(state, arguments.data());
        if (value == kWaitInHost) return false;
        if (value == kStopGuest) trap = wasmtime_trap_new(kStopMessage.data(), kStopMessage.size());
        if (result) *result = {.kind = WASMTIME_I32, .of = {.i32 = value}};
        return true;
    }
};

bool has_ended(void*) { return true; }

// Asked right after the call, which has just said that it waits, and then each time the fiber is resumed.
bool run_again(void* call) {
    auto& waiting = *static_cast<WaitingCall*>(call);
    return std::exchange(waiting.has_waited, true) && waiting.run();
}

void forget(void* call) { std::unique_ptr<WaitingCall>(static_cast<WaitingCall*>(call)); }

void enter_waiting(void* environment, wasmtime_caller_t* caller, const wasmtime_val_t* values, size_t count, wasmtime_val_t* results,
                   size_t, wasm_trap_t** trap, wasmtime_async_continuation_t* then) noexcept {
    auto& function = *static_cast<const HostFunction*>(environment);
    WaitingCall call{function, wasmtime_context_get_data(wasmtime_caller_context(caller)), {}, function.has_result ? results : nullptr, *trap};
    for (size_t i = 0; i < count; i++) {
        if (function.is_i64[i])
            call.arguments[i].i64 = static_cast<uint64_t>(values[i].of.i64);
        else
            call.arguments[i].i32 = static_cast<uint32_t>(values[i].of.i32);
    }
    // Its slice is over: the next one begins with this call.
    if (!Watchdog::is_over() && call.run())
        *then = {has_ended, nullptr, nullptr};
    else
        *then = {run_again, std::make_unique<WaitingCall>(call).release(), forget};
}

}  // namespace

Result<> define_waiting(wasmtime_linker_t* linker, const HostFunction& function, const wasm_functype_t* type) {
    ErrorHandle error(wasmtime_linker_define_async_func(linker, function.module.data(), function.module.size(), function.name.data(), function.name.size(), type,
                                                        enter_waiting, const_cast<HostFunction*>(&function), nullptr));
    if (error) return Error{Errc::internal, "define host function: " + message_of(error)};
    return {};
}

Fiber::Fiber(const Program& program, uint64_t memory_bytes_max, void* state) : instance_(program, memory_bytes_max, state) {
    // It gives nothing back, whatever its declaration says.
    (void)wasmtime_context_epoch_deadline_async_yield_and_update(instance_.context_, 1);
}

std::optional<Result<CallResult>> Fiber::resume() {
    if (memory().attached()) memory().begin_watch();
    std::optional<Result<CallResult>> ended;
    while (!ended) {
        if (!future_) begin_step();
        if (!wasmtime_call_future_poll(future_.get())) break;
        future_.reset();
        ended = end_step();
    }
    LinearMemory::end_watch();
    return ended;
}

void Fiber::begin_step() {
    auto* context = instance_.context_;
    if (step_ == Step::instantiate) {
        const auto& linked = instance_.program_.parts().fiber_pre;
        INLAY_CHECK(linked);  // Only workers have fibers.
        future_.reset(wasmtime_instance_pre_instantiate_async(linked.get(), context, &instance_.instance_, &trap_, &error_));
        return;
    }
    called_ = instance_.function(step_ == Step::initialize ? instance_.program_.parts().initialize : instance_.program_.parts().handle);
    size_t results = step_ == Step::handle && !instance_.program_.parts().is_command ? 1 : 0;
    future_.reset(wasmtime_func_call_async(context, &called_, nullptr, 0, &result_, results, &trap_, &error_));
}

std::optional<Result<CallResult>> Fiber::end_step() {
    TrapHandle trap(std::exchange(trap_, nullptr));
    ErrorHandle error(std::exchange(error_, nullptr));
    if (trap) return CallResult(Instance::describe(trap));
    if (error && step_ == Step::instantiate) return Error{Errc::overloaded, "no instance can be made: " + message_of(error)};
    if (error) return CallResult(Instance::describe(error));
    if (step_ == Step::handle) return CallResult(result_.of.i32);
    if (step_ == Step::instantiate) instance_.attach_memory();
    bool initializes = step_ == Step::instantiate && instance_.program_.parts().has_initialize;
    step_ = initializes ? Step::initialize : Step::handle;
    return std::nullopt;
}

}  // namespace inlay::engine
