// Fiber: an instance on a stack of its own: its guest may wait in the middle of a host call, or be put off, while others run.
//
//     Fiber fiber(program, memory_bytes_max, &state);
//     while (!fiber.resume()) wait_for_what_the_host_function_said();
//
// Any number live at once, one of them runs at a time. The engine wakes nobody (engine rule 7): who resumes a fiber knows what it
// waits for. Costs twice as much to make as a plain instance.
#pragma once

#include <optional>

#include "engine/instance.hpp"

namespace inlay::engine {

class Fiber {
  public:
    // `state` is what host functions get; it outlives the fiber.
    Fiber(const Program& program, uint64_t memory_bytes_max, void* state);
    // Also in the middle of a run: nothing of the guest runs any more.
    ~Fiber() = default;
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;

    // Runs on: instantiates, runs `_initialize` where present and inlay_handle, which gives the result. nullopt: it is not at its
    // end: a host function waits, or Engine::interrupt() was called since it began. Errors: overloaded: no slot of the pool is
    // free. Requires: it was nullopt before.
    std::optional<Result<CallResult>> resume();

    // attached() once it is instantiated.
    LinearMemory& memory() { return instance_.memory(); }

  private:
    enum class Step { instantiate, initialize, handle };

    void begin_step();
    std::optional<Result<CallResult>> end_step();

    Instance instance_;
    Step step_ = Step::instantiate;
    // What a step that is under way writes to.
    wasm_trap_t* trap_ = nullptr;
    wasmtime_error_t* error_ = nullptr;
    wasmtime_func_t called_{};
    wasmtime_val_t result_{};
    FutureHandle future_;  // Goes before all of them.
};

}  // namespace inlay::engine
