// Finds out whose code ran when a worker died.
#include <algorithm>
#include <csignal>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "control/supervisor.hpp"

namespace inlay::control {
namespace {

// By itself, in whatever way. SIGKILL comes from others: from us, an operator, or a machine that is short of memory.
bool is_crash(const os::Exit& exit) { return !exit.signalled || (exit.status != SIGKILL && exit.status != SIGTERM); }

}  // namespace

void Supervisor::note_crash(size_t slot, const os::Exit& exit) {
    const uint64_t mark = shared_.state().running[slot].exchange(0);
    if (mark == 0 || draining_ || !is_crash(exit)) return;
    auto functions = reader_->list_functions();
    if (!functions.ok()) return spdlog::error("{}", functions.error().detail);
    auto found = std::find_if(functions->begin(), functions->end(),
                              [&](const auto& record) { return registry::mark_of_version(record.version) == mark; });
    if (found == functions->end()) return;
    spdlog::error("worker {} died of {} while function {} ran", slot, exit.text(), found->name);
    if (!quarantine_.note_crash(found->version, exit.text(), coarse_ms())) return;
    spdlog::error("function {} is in quarantine: {}", found->name, *quarantine_.reason(found->version));
    pipeline_->announce_function(found->name);
    tell_of_changes();
}

}  // namespace inlay::control
