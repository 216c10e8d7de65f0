// timer_create with a signal to one thread.
#include "os/deadline_timer.hpp"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.hpp"

namespace inlay::os {
namespace {

constexpr uint64_t kAgainNs = 1'000'000;

// Written by the thread and by its signal handler, never at the same time.
struct State {
    void (*expiry)() = nullptr;
    timer_t timer{};
    volatile uint64_t running_until_ns = 0;  // 0: nothing runs.
    volatile uint64_t armed_for_ns = 0;      // 0: not armed.
};

State states[2];
constexpr int kSignals[] = {SIGALRM, SIGVTALRM};

State& state_of(DeadlineTimer::Kind kind) { return states[static_cast<size_t>(kind)]; }

void arm(State& state, uint64_t at_ns) noexcept {
    state.armed_for_ns = at_ns;
    itimerspec when{};
    when.it_value.tv_sec = static_cast<time_t>(at_ns / 1'000'000'000u);
    when.it_value.tv_nsec = static_cast<long>(at_ns % 1'000'000'000u);
    ::timer_settime(state.timer, TIMER_ABSTIME, &when, nullptr);
}

void on_alarm(int number) {
    State& state = state_of(number == SIGALRM ? DeadlineTimer::Kind::process : DeadlineTimer::Kind::guest);
    state.armed_for_ns = 0;
    if (state.running_until_ns == 0) return;
    int saved = errno;
    uint64_t now_ns = monotonic_ns();
    bool is_over = now_ns >= state.running_until_ns;
    if (is_over) state.expiry();
    arm(state, is_over ? now_ns + kAgainNs : state.running_until_ns);
    errno = saved;
}

}  // namespace

Result<DeadlineTimer> DeadlineTimer::create(Kind kind, void (*on_expiry)()) {
    const int number = kSignals[static_cast<size_t>(kind)];
    State& state = state_of(kind);
    state.expiry = on_expiry;
    state.running_until_ns = 0;
    state.armed_for_ns = 0;
    struct sigaction action{};
    action.sa_handler = on_alarm;
    action.sa_flags = SA_RESTART | SA_ONSTACK;
    if (::sigaction(number, &action, nullptr) != 0) return os_error("sigaction");
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = number;
    event._sigev_un._tid = static_cast<int>(::syscall(SYS_gettid));
    if (::timer_create(CLOCK_MONOTONIC, &event, &state.timer) != 0) return os_error("timer_create");
    return DeadlineTimer(kind);
}

DeadlineTimer::~DeadlineTimer() {
    if (owned_) ::timer_delete(state_of(kind_).timer);
}

void DeadlineTimer::begin(uint64_t deadline_ns) noexcept {
    State& state = state_of(kind_);
    state.running_until_ns = deadline_ns;
    if (state.armed_for_ns == 0 || deadline_ns < state.armed_for_ns) arm(state, deadline_ns);
}

void DeadlineTimer::end() noexcept { state_of(kind_).running_until_ns = 0; }

}  // namespace inlay::os
