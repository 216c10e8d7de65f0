// A deadline timer that interrupts the engine.
#include "engine/watchdog.hpp"

#include <optional>

#include "os/deadline_timer.hpp"

namespace inlay::engine {
namespace {

Engine* engine_to_interrupt = nullptr;
std::optional<os::DeadlineTimer> timer;

}  // namespace

Result<> Watchdog::start(Engine& engine) {
    engine_to_interrupt = &engine;
    INLAY_TRY(auto made, os::DeadlineTimer::create([] { engine_to_interrupt->interrupt(); }));
    timer.emplace(std::move(made));
    return {};
}

void Watchdog::begin(uint64_t deadline_ns) noexcept { timer->begin(deadline_ns); }
void Watchdog::end() noexcept {
    if (timer) timer->end();
}

}  // namespace inlay::engine
