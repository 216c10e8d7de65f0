// Lanes: started for the worker that asks, ended with it.
#include <algorithm>
#include <csignal>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "control/supervisor.hpp"
#include "os/process.hpp"
#include "os/sandbox.hpp"

namespace inlay::control {

void Supervisor::start_lane(const Life& life, uint64_t id, const std::vector<os::Fd>& fds) {
    if (fds.size() != 1) return life->answer_call(registry::answer(id, registry::damaged_message()));
    auto of_this_worker = [&](const auto& lane) { return lane.second == life->slot; };
    if (static_cast<size_t>(std::count_if(lanes_.begin(), lanes_.end(), of_this_worker)) >= kLanesPerWorkerMax)
        return life->answer_call(registry::answer(id, Error{Errc::overloaded, "this worker has all lanes that it may have: retry later"}));
    os::ChildPlan plan;
    plan.arguments = {"lane", std::to_string(fds.front().get()), os::sandbox_word(user_of(life->slot))};
    plan.inherited = {fds.front().get()};
    auto pid = os::spawn_self(plan);
    if (!pid.ok()) return life->answer_call(registry::answer(id, pid.error()));
    lanes_.emplace(*pid, life->slot);
    shared_.supervisor_counters().add_shared(Counter::lanes_started);
    auto process = os::open_process(*pid);
    if (!process.ok()) {
        os::send_signal(*pid, SIGKILL);
        return life->answer_call(registry::answer(id, process.error()));
    }
    life->answer_call(registry::answer(id).number(static_cast<uint64_t>(*pid)).take(), std::move(process).value());
}

bool Supervisor::on_lane_exit(const os::Exit& exit) {
    auto found = lanes_.find(exit.pid);
    if (found == lanes_.end()) return false;
    lanes_.erase(found);
    bool asked_for = exit.signalled ? exit.status == SIGKILL : exit.status == 0;
    if (!asked_for) spdlog::error("lane (pid {}) ended with {}", exit.pid, exit.text());
    if (draining_) end_when_drained();
    return true;
}

void Supervisor::kill_lanes_of(size_t slot) {
    for (const auto& [pid, of_slot] : lanes_)
        if (of_slot == slot) os::send_signal(pid, SIGKILL);
}

}  // namespace inlay::control
