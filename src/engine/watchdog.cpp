// A deadline timer that interrupts the engine.
#include "engine/watchdog.hpp"

#include <optional>

#include "os/deadline_timer.hpp"

namespace inlay::engine {
namespace {

Engine* engine_to_interrupt = nullptr;
std::optional<os::DeadlineTimer> timer;

}  // namespace

volatile sig_atomic_t Watchdog::is_over_ = 0;

void Watchdog::interrupt() noexcept {
    is_over_ = 1;
    engine_to_interrupt->interrupt();
}

Result<> Watchdog::start(Engine& engine) {
    engine_to_interrupt = &engine;
    INLAY_TRY(auto made, os::DeadlineTimer::create(os::DeadlineTimer::Kind::guest, interrupt));
    timer.emplace(std::move(made));
    return {};
}

void Watchdog::begin(uint64_t deadline_ns) noexcept {
    is_over_ = 0;
    timer->begin(deadline_ns);
}

void Watchdog::end() noexcept {
    if (timer) timer->end();
    is_over_ = 0;
}

}  // namespace inlay::engine
