// For tests: what guests of this directory's tests may import: "probe" hands over to the test in the middle of a run, and so does
// "wait", which may let its fiber wait.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "engine/instance.hpp"
#include "engine/workshop.hpp"
#include "os/fault_guard.hpp"

namespace inlay::engine {

inline constexpr const char* kImportProbe = R"((import "inlay" "probe" (func $probe (param i32) (result i32))))";
inline constexpr const char* kImportWait = R"((import "inlay" "wait" (func $wait (param i32 i64) (result i32))))";

// The state of an instance under test.
struct Probe {
    std::function<int32_t(uint32_t)> on_call;
    std::function<int32_t(uint32_t, uint64_t)> on_wait;
    // What "mix" was given.
    uint32_t first = 0;
    uint64_t second = 0;
    GuestPtr third{};
    GuestLen fourth{};
};

inline int32_t probe(Probe& state, uint32_t argument) noexcept { return state.on_call ? state.on_call(argument) : 0; }

inline int32_t wait(Probe& state, uint32_t first, uint64_t second) noexcept { return state.on_wait ? state.on_wait(first, second) : 0; }

inline int32_t mix(Probe& state, uint32_t first, uint64_t second, GuestPtr third, GuestLen fourth) noexcept {
    state.first = first, state.second = second, state.third = third, state.fourth = fourth;
    return -7;
}

// The one workshop of this test program.
inline Workshop& workshop() {
    static constexpr HostFunction kHost[] = {host_function<&probe>("probe"), host_function<&mix>("mix"),
                                             waiting_host_function<&wait>("wait")};
    static Workshop made(kHost);
    return made;
}

// An instance that has started.
class RunningGuest {
  public:
    explicit RunningGuest(const std::string& module, uint64_t memory_bytes_max = kMemoryBytesDefault)
        : program_(workshop().program(module)), instance_(*program_, memory_bytes_max, &state_) {
        auto started = instance_.start();
        INLAY_CHECK(started.ok() && !started->has_value());
    }

    // A test that read where it may not would have been let go on over scratch pages.
    ~RunningGuest() { EXPECT_FALSE(memory().last_fault().in_host_code); }
    RunningGuest(const RunningGuest&) = delete;

    LinearMemory& memory() { return instance_.memory(); }
    // What the guest returns when `on_call` answers its calls of "probe". A trap is -1000.
    int32_t run(std::function<int32_t(uint32_t)> on_call = {}) {
        state_.on_call = std::move(on_call);
        auto result = instance_.call_handle();
        return std::holds_alternative<int32_t>(result) ? std::get<int32_t>(result) : -1000;
    }

  private:
    Probe state_;
    std::shared_ptr<const Program> program_;
    Instance instance_;
};

}  // namespace inlay::engine
