// timer_create with a signal to one thread.
#include "os/deadline_timer.hpp"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.hpp"

namespace inlay::os {
namespace {

constexpr uint64_t kAgainNs = 1'000'000;

void (*expiry)() = nullptr;
timer_t timer;
// Written by the thread and by its signal handler, never at the same time.
volatile uint64_t running_until_ns = 0;  // 0: nothing runs.
volatile uint64_t armed_for_ns = 0;      // 0: not armed.

void arm(uint64_t at_ns) noexcept {
    armed_for_ns = at_ns;
    itimerspec when{};
    when.it_value.tv_sec = static_cast<time_t>(at_ns / 1'000'000'000u);
    when.it_value.tv_nsec = static_cast<long>(at_ns % 1'000'000'000u);
    ::timer_settime(timer, TIMER_ABSTIME, &when, nullptr);
}

void on_alarm(int) {
    armed_for_ns = 0;
    if (running_until_ns == 0) return;
    int saved = errno;
    uint64_t now_ns = monotonic_ns();
    bool is_over = now_ns >= running_until_ns;
    if (is_over) expiry();
    arm(is_over ? now_ns + kAgainNs : running_until_ns);
    errno = saved;
}

}  // namespace

Result<DeadlineTimer> DeadlineTimer::create(void (*on_expiry)()) {
    expiry = on_expiry;
    running_until_ns = 0;
    armed_for_ns = 0;
    struct sigaction action{};
    action.sa_handler = on_alarm;
    action.sa_flags = SA_RESTART | SA_ONSTACK;
    if (::sigaction(SIGALRM, &action, nullptr) != 0) return os_error("sigaction");
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGALRM;
    event._sigev_un._tid = static_cast<int>(::syscall(SYS_gettid));
    if (::timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) return os_error("timer_create");
    return DeadlineTimer();
}

DeadlineTimer::~DeadlineTimer() {
    if (owned_) ::timer_delete(timer);
}

void DeadlineTimer::begin(uint64_t deadline_ns) noexcept {
    running_until_ns = deadline_ns;
    if (armed_for_ns == 0 || deadline_ns < armed_for_ns) arm(deadline_ns);
}

void DeadlineTimer::end() noexcept { running_until_ns = 0; }

}  // namespace inlay::os
