// timer_create with a signal to one thread.
#include "os/deadline_timer.hpp"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace inlay::os {
namespace {

void (*expiry)() = nullptr;

void on_alarm(int) {
    int saved = errno;
    if (expiry) expiry();
    errno = saved;
}

}  // namespace

Result<DeadlineTimer> DeadlineTimer::create(void (*on_expiry)()) {
    expiry = on_expiry;
    struct sigaction action{};
    action.sa_handler = on_alarm;
    action.sa_flags = SA_RESTART | SA_ONSTACK;
    if (::sigaction(SIGALRM, &action, nullptr) != 0) return os_error("sigaction");
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGALRM;
    event._sigev_un._tid = static_cast<int>(::syscall(SYS_gettid));
    timer_t id;
    if (::timer_create(CLOCK_MONOTONIC, &event, &id) != 0) return os_error("timer_create");
    return DeadlineTimer(id);
}

DeadlineTimer::~DeadlineTimer() {
    if (owned_) ::timer_delete(id_);
}

void DeadlineTimer::arm(uint64_t deadline_ns) noexcept {
    itimerspec when{};
    when.it_value.tv_sec = static_cast<time_t>(deadline_ns / 1'000'000'000u);
    when.it_value.tv_nsec = static_cast<long>(deadline_ns % 1'000'000'000u);
    ::timer_settime(id_, TIMER_ABSTIME, &when, nullptr);
}

}  // namespace inlay::os
