// fork, exec, wait and what surrounds them.
#include "os/process.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <optional>

#include "base/check.hpp"
#include "base/clock.hpp"
#include "os/deadline_timer.hpp"
#include "os/machine.hpp"

namespace inlay::os {
namespace {

constexpr int kGivingWayNice = 10;

void set_limit(decltype(RLIMIT_CPU) which, uint64_t value) {
    if (value == 0) return;
    rlimit limit{value, value};
    ::setrlimit(which, &limit);
}

// Of the child, between fork and exec: only async-signal-safe calls, as other threads of ours may hold locks.
void become(const ChildPlan& plan) {
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int fd : plan.inherited) ::fcntl(fd, F_SETFD, 0);
    if (plan.own_group) {
        ::setpgid(0, 0);
        int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (nothing >= 0) ::dup2(nothing, STDIN_FILENO);
    }
    if (plan.signal_at_our_end != 0) ::prctl(PR_SET_PDEATHSIG, plan.signal_at_our_end);
    if (plan.output >= 0) ::dup2(plan.output, STDOUT_FILENO), ::dup2(plan.output, STDERR_FILENO);
    if (plan.errors >= 0) ::dup2(plan.errors, STDERR_FILENO);
    if (!plan.directory.empty() && ::chdir(plan.directory.c_str()) != 0) ::_exit(127);
    set_limit(RLIMIT_CPU, plan.limits.cpu_seconds);
#ifndef __SANITIZE_ADDRESS__  // Whose shadow memory takes terabytes of addresses.
    set_limit(RLIMIT_AS, plan.limits.address_bytes);
    set_limit(RLIMIT_DATA, plan.limits.own_bytes);
#endif
}

enum class Whose { ours, others };

// `arguments` begin with the program's name.
Result<pid_t> spawn(const char* program, Whose whose, const std::vector<std::string>& given, const ChildPlan& plan) {
    std::vector<char*> arguments;
    for (const auto& argument : given) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    pid_t pid = ::fork();
    if (pid < 0) return os_error("fork");
    if (pid > 0) return pid;
    become(plan);
    if (whose == Whose::others) ::signal(SIGPIPE, SIG_DFL);  // Ours may be ignored, but their pipelines end by it.
    ::execv(program, arguments.data());
    ::_exit(127);
}

}  // namespace

Result<pid_t> spawn_self(const ChildPlan& plan) {
    std::vector<std::string> arguments{"inlay"};
    arguments.insert(arguments.end(), plan.arguments.begin(), plan.arguments.end());
    return spawn("/proc/self/exe", Whose::ours, arguments, plan);
}

Result<pid_t> spawn_shell(const std::string& command, const ChildPlan& plan) {
    return spawn("/bin/sh", Whose::others, {"sh", "-c", command}, plan);
}

std::string Exit::text() const {
    if (!signalled) return "exit code " + std::to_string(status);
    return "signal " + std::to_string(status) + " (" + ::strsignal(status) + ")";
}

namespace {

Exit describe(pid_t pid, int status) {
    bool signalled = WIFSIGNALED(status);
    return Exit{pid, signalled ? WTERMSIG(status) : WEXITSTATUS(status), signalled};
}

}  // namespace

std::optional<Exit> reap_child() {
    int status = 0;
    pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid <= 0) return std::nullopt;
    return describe(pid, status);
}

Result<Exit> wait_for(pid_t pid) {
    int status = 0;
    pid_t ended = 0;
    while ((ended = ::waitpid(pid, &status, 0)) < 0)
        if (errno != EINTR) return os_error("waitpid");
    return describe(ended, status);
}

Result<Exit> wait_for_child() { return wait_for(-1); }

void hold_standard_descriptors() noexcept {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (::fcntl(fd, F_GETFD) < 0) (void)::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);  // The lowest that is free.
}

void send_signal(pid_t pid, int signal_number) noexcept { ::kill(pid, signal_number); }
void send_signal_to_group(pid_t leader, int signal_number) noexcept { ::kill(-leader, signal_number); }
void set_process_name(const char* name) noexcept { ::prctl(PR_SET_NAME, name); }
void ignore_signal(int signal_number) noexcept { ::signal(signal_number, SIG_IGN); }
void give_way() noexcept {
    sched_param parameters{};
    ::sched_setscheduler(0, SCHED_BATCH, &parameters);
    ::setpriority(PRIO_PROCESS, 0, kGivingWayNice);
}

void offer_to_oom_killer(int score) noexcept {
    (void)write_setting("/proc/self/oom_score_adj", std::to_string(score));
}

void end_this_process_at(uint64_t deadline_ns) noexcept {
    static std::optional<DeadlineTimer> timer;
    if (!timer) {
        auto made = DeadlineTimer::create(DeadlineTimer::Kind::process, [] {
            ::signal(SIGALRM, SIG_DFL);
            ::raise(SIGALRM);  // Comes when the handler has returned.
        });
        INLAY_CHECK(made.ok());
        timer.emplace(std::move(made).value());
    }
    if (deadline_ns == 0) return timer->end();
    timer->begin(deadline_ns);
}

Result<Fd> open_process(pid_t pid) {
    Fd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!fd) return os_error("pidfd_open");
    return fd;
}

uint64_t processor_ns_of(pid_t pid) noexcept {
    clockid_t clock{};
    return ::clock_getcpuclockid(pid, &clock) == 0 ? read_clock_ns(clock) : 0;
}

void kill_process(int process) noexcept { ::syscall(SYS_pidfd_send_signal, process, SIGKILL, nullptr, 0); }

int process_id() noexcept { return ::getpid(); }

void fill_random(void* to, size_t size) noexcept {
    auto at = static_cast<uint8_t*>(to);
    while (size > 0) {
        ssize_t n = ::getrandom(at, size, 0);
        if (n < 0 && errno == EINTR) continue;
        INLAY_CHECK(n > 0);
        at += n;
        size -= static_cast<size_t>(n);
    }
}

}  // namespace inlay::os
