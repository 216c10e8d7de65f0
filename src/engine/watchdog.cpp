// The timer's handler and what it looks at.
#include "engine/watchdog.hpp"

#include <optional>

#include "base/clock.hpp"
#include "os/deadline_timer.hpp"

namespace inlay::engine {
namespace {

constexpr uint64_t kAgainNs = 1'000'000;

Engine* engine_to_interrupt = nullptr;
std::optional<os::DeadlineTimer> timer;
// Written by the thread and by its signal handler, never at the same time.
volatile uint64_t running_until_ns = 0;  // 0: nothing runs.
volatile uint64_t armed_for_ns = 0;      // 0: not armed.

void arm(uint64_t deadline_ns) {
    armed_for_ns = deadline_ns;
    timer->arm(deadline_ns);
}

void on_expiry() {
    armed_for_ns = 0;
    if (running_until_ns == 0) return;
    uint64_t now_ns = monotonic_ns();
    bool is_over = now_ns >= running_until_ns;
    if (is_over) engine_to_interrupt->interrupt();
    // Again and again until it has ended: a fiber that is just being resumed has not heard it.
    arm(is_over ? now_ns + kAgainNs : running_until_ns);
}

}  // namespace

Result<> Watchdog::start(Engine& engine) {
    engine_to_interrupt = &engine;
    INLAY_TRY(auto made, os::DeadlineTimer::create(on_expiry));
    timer.emplace(std::move(made));
    return {};
}

void Watchdog::begin(uint64_t deadline_ns) noexcept {
    running_until_ns = deadline_ns;
    if (armed_for_ns == 0 || deadline_ns < armed_for_ns) arm(deadline_ns);
}

void Watchdog::end() noexcept { running_until_ns = 0; }

}  // namespace inlay::engine
