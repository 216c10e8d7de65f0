// Instance: one module live with its memory, for one invocation.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/result.hpp"
#include "engine/linear_memory.hpp"
#include "engine/module_export.hpp"
#include "engine/program.hpp"
#include "engine/store_limits.hpp"

namespace inlay::engine {

enum class TrapKind { interrupted, stopped, wants_more, stack_overflow, out_of_bounds, unreachable, other };

// How the guest's code ended, if not by returning. Not an error of ours.
struct Trap {
    TrapKind kind = TrapKind::other;
    std::string reason;   // A few words: "out-of-bounds memory access in sum (sum.c:12)", as far as its names and its DWARF tell.
    std::string message;  // The engine's whole account with its backtrace, for the function's log.
};

using CallResult = std::variant<int32_t, Trap>;

class Instance {
  public:
    // `state` is what host functions get; it outlives the instance. Of all instances of a process one runs at a time; others may
    // wait in a host function until it has ended.
    // `at_limit`: where it wants more than `memory_bytes_max`.
    Instance(const Program& program, uint64_t memory_bytes_max, void* state, AtLimit at_limit = AtLimit::refuse);
    ~Instance();
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;

    // Instantiates (which runs the module's start function) and runs `_initialize` where present.
    // Result: a trap of that code, or nothing. Errors: overloaded: no slot of the pool is free.
    Result<std::optional<Trap>> start();
    // Runs inlay_handle. Requires: start() succeeded without a trap.
    CallResult call_handle();

    // Runs an export of the type () -> (). nullopt: there is none. Requires: start() succeeded without a trap.
    std::optional<CallResult> call_if_present(std::string_view name);
    // What the engine knows it by. Valid until: this ends.
    std::pair<wasmtime_context_t*, const wasmtime_instance_t*> whole() { return {context_, &instance_}; }

    // Interrupts that were meant for a guest that ran in between are not for this one. Requires: in a host function of it.
    void forget_interrupts();

    // attached() only once the instance is instantiated: host calls of a start function see none.
    LinearMemory& memory() { return memory_; }

  private:
    friend class Fiber;

    void attach_memory();
    wasmtime_extern_t item(const NamedExport& which);
    wasmtime_func_t function(const NamedExport& which);
    CallResult call(const NamedExport& which);
    CallResult call(const wasmtime_func_t& called);
    // How a trap, or what comes as an error but is one, is told.
    static Trap describe(const TrapHandle& trap);
    static Trap describe(const ErrorHandle& error);
    static Trap describe(std::string message);

    const Program& program_;
    StoreLimits limits_;
    StoreHandle store_;
    wasmtime_context_t* context_;
    wasmtime_instance_t instance_{};
    LinearMemory memory_;
};

}  // namespace inlay::engine
