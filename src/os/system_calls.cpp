// The lists, and what is asked of arguments, as a filter made by libseccomp.
#include "os/system_calls.hpp"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>

namespace inlay::os {
namespace {

// Kinds by bit.
constexpr unsigned kWorker = 1u << static_cast<unsigned>(SandboxKind::worker);
constexpr unsigned kLane = 1u << static_cast<unsigned>(SandboxKind::lane);
constexpr unsigned kCompiler = 1u << static_cast<unsigned>(SandboxKind::compiler);
constexpr unsigned kGuests = kWorker | kLane;  // Those that run guests.
constexpr unsigned kAll = kGuests | kCompiler;

constexpr int kCachestat = 451;  // As <asm/unistd.h> has it since kernel 6.5.

struct Allowed {
    int call;
    unsigned kinds;
};

// Whatever their arguments are.
constexpr std::array kAllowed = {
    // Descriptors it has.
    Allowed{SCMP_SYS(read), kAll}, Allowed{SCMP_SYS(write), kAll}, Allowed{SCMP_SYS(readv), kAll}, Allowed{SCMP_SYS(writev), kAll},
    Allowed{SCMP_SYS(pread64), kAll}, Allowed{SCMP_SYS(pwrite64), kAll}, Allowed{SCMP_SYS(lseek), kAll}, Allowed{SCMP_SYS(fstat), kAll},
    Allowed{SCMP_SYS(close), kAll}, Allowed{SCMP_SYS(ftruncate), kAll}, Allowed{SCMP_SYS(fallocate), kAll}, Allowed{SCMP_SYS(memfd_create), kAll},
    Allowed{SCMP_SYS(poll), kGuests}, Allowed{SCMP_SYS(ppoll), kGuests},
    Allowed{kCachestat, kGuests}, Allowed{SCMP_SYS(fadvise64), kGuests},
    // Memory.
    Allowed{SCMP_SYS(munmap), kAll}, Allowed{SCMP_SYS(mremap), kAll}, Allowed{SCMP_SYS(madvise), kAll}, Allowed{SCMP_SYS(mincore), kAll},
    Allowed{SCMP_SYS(brk), kAll}, Allowed{SCMP_SYS(membarrier), kAll},
    // Threads, signals to itself, time, chance.
    Allowed{SCMP_SYS(futex), kAll}, Allowed{SCMP_SYS(set_robust_list), kAll}, Allowed{SCMP_SYS(rseq), kAll}, Allowed{SCMP_SYS(sched_yield), kAll},
    Allowed{SCMP_SYS(sched_getaffinity), kAll}, Allowed{SCMP_SYS(exit), kAll}, Allowed{SCMP_SYS(exit_group), kAll}, Allowed{SCMP_SYS(getpid), kAll},
    Allowed{SCMP_SYS(gettid), kAll}, Allowed{SCMP_SYS(getrusage), kAll}, Allowed{SCMP_SYS(rt_sigaction), kAll},
    Allowed{SCMP_SYS(rt_sigprocmask), kAll}, Allowed{SCMP_SYS(rt_sigreturn), kAll}, Allowed{SCMP_SYS(sigaltstack), kAll},
    Allowed{SCMP_SYS(restart_syscall), kAll}, Allowed{SCMP_SYS(clock_gettime), kAll}, Allowed{SCMP_SYS(clock_getres), kAll}, Allowed{SCMP_SYS(clock_nanosleep), kAll},
    Allowed{SCMP_SYS(nanosleep), kAll}, Allowed{SCMP_SYS(getrandom), kAll}, Allowed{SCMP_SYS(timer_create), kGuests},
    Allowed{SCMP_SYS(timer_settime), kGuests}, Allowed{SCMP_SYS(timer_delete), kGuests},
    // Sockets it has.
    Allowed{SCMP_SYS(recvmsg), kGuests}, Allowed{SCMP_SYS(accept), kWorker}, Allowed{SCMP_SYS(accept4), kWorker},
    Allowed{SCMP_SYS(recvfrom), kWorker}, Allowed{SCMP_SYS(sendfile), kWorker}, Allowed{SCMP_SYS(shutdown), kWorker},
    Allowed{SCMP_SYS(getsockname), kWorker}, Allowed{SCMP_SYS(getpeername), kWorker}, Allowed{SCMP_SYS(getsockopt), kWorker},
    // The loop.
    Allowed{SCMP_SYS(epoll_create1), kWorker}, Allowed{SCMP_SYS(epoll_ctl), kWorker}, Allowed{SCMP_SYS(epoll_wait), kWorker},
    Allowed{SCMP_SYS(epoll_pwait), kWorker}, Allowed{SCMP_SYS(eventfd2), kWorker}, Allowed{SCMP_SYS(timerfd_create), kWorker},
    Allowed{SCMP_SYS(timerfd_settime), kWorker},
};

// What an argument has to be: (argument & mask) == value.
struct Argument {
    unsigned number;
    uint64_t mask;
    uint64_t value;
};

// Where one argument decides, or two.
struct AllowedWhere {
    int call;
    unsigned kinds;
    Argument first;
    Argument second = {0, 0, 0};  // Of any value.
};

constexpr uint64_t kWhole = ~0ull;
constexpr uint64_t kWriteAndExecute = PROT_WRITE | PROT_EXEC;
// Of clone(2): a thread of this process, in the same namespaces.
constexpr uint64_t kCloneLooks = CLONE_THREAD | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

constexpr std::array kAllowedWhere = {
    // Code is loaded as bytes and then made executable: never writable at once.
    AllowedWhere{SCMP_SYS(mmap), kAll, {2, PROT_EXEC, 0}},
    AllowedWhere{SCMP_SYS(mprotect), kAll, {2, kWriteAndExecute, 0}},
    AllowedWhere{SCMP_SYS(mprotect), kAll, {2, kWriteAndExecute, PROT_WRITE}},
    AllowedWhere{SCMP_SYS(mprotect), kAll, {2, kWriteAndExecute, PROT_EXEC}},
    AllowedWhere{SCMP_SYS(clone), kWorker | kCompiler, {0, kCloneLooks, CLONE_THREAD}},
    AllowedWhere{SCMP_SYS(prctl), kAll, {0, kWhole, PR_SET_NAME}},
    AllowedWhere{SCMP_SYS(fcntl), kAll, {1, kWhole, F_GETFD}},
    AllowedWhere{SCMP_SYS(fcntl), kAll, {1, kWhole, F_SETFD}},
    AllowedWhere{SCMP_SYS(fcntl), kAll, {1, kWhole, F_GETFL}},
    AllowedWhere{SCMP_SYS(fcntl), kAll, {1, kWhole, F_SETFL}},
    AllowedWhere{SCMP_SYS(fcntl), kAll, {1, kWhole, F_DUPFD_CLOEXEC}},
    AllowedWhere{SCMP_SYS(fcntl), kAll, {1, kWhole, F_ADD_SEALS}},
    AllowedWhere{SCMP_SYS(fcntl), kAll, {1, kWhole, F_GET_SEALS}},
    AllowedWhere{SCMP_SYS(ioctl), kWorker, {1, kWhole, FIONBIO}},
    AllowedWhere{SCMP_SYS(ioctl), kWorker, {1, kWhole, FIONREAD}},
    AllowedWhere{SCMP_SYS(ioctl), kWorker, {1, kWhole, SIOCOUTQ}},
    // Of the kind that sends to its other end alone, whatever address is given.
    AllowedWhere{SCMP_SYS(socketpair), kWorker, {0, kWhole, AF_UNIX}, {1, kWhole, SOCK_SEQPACKET | SOCK_CLOEXEC}},
    // Connections are accepted, and made by nobody.
    AllowedWhere{SCMP_SYS(sendto), kWorker, {3, MSG_FASTOPEN, 0}},
    AllowedWhere{SCMP_SYS(sendmsg), kGuests, {2, MSG_FASTOPEN, 0}},
    // None that steers or filters what a listener gets: others share it.
    AllowedWhere{SCMP_SYS(setsockopt), kWorker, {1, kWhole, SOL_SOCKET}, {2, kWhole, SO_SNDBUF}},
    AllowedWhere{SCMP_SYS(setsockopt), kWorker, {1, kWhole, SOL_SOCKET}, {2, kWhole, SO_RCVLOWAT}},
    AllowedWhere{SCMP_SYS(setsockopt), kWorker, {1, kWhole, SOL_SOCKET}, {2, kWhole, SO_LINGER}},
    AllowedWhere{SCMP_SYS(setsockopt), kWorker, {1, kWhole, IPPROTO_TCP}, {2, kWhole, TCP_NODELAY}},
    AllowedWhere{SCMP_SYS(setsockopt), kWorker, {1, kWhole, IPPROTO_TCP}, {2, kWhole, TCP_CORK}},
    AllowedWhere{SCMP_SYS(pidfd_send_signal), kWorker, {1, kWhole, SIGKILL}},  // A lane's: the supervisor gives no other.
    AllowedWhere{SCMP_SYS(prlimit64), kAll, {2, kWhole, 0}},                   // Asks, and sets nothing.
};

struct Refused {
    int call;
    int error;
};

// What libraries try, and do without.
constexpr std::array kRefused = {
    Refused{SCMP_SYS(open), EACCES}, Refused{SCMP_SYS(openat), EACCES}, Refused{SCMP_SYS(stat), EACCES}, Refused{SCMP_SYS(newfstatat), EACCES},
    Refused{SCMP_SYS(statx), EACCES}, Refused{SCMP_SYS(access), EACCES}, Refused{SCMP_SYS(faccessat), EACCES}, Refused{SCMP_SYS(faccessat2), EACCES},
    Refused{SCMP_SYS(readlink), EACCES}, Refused{SCMP_SYS(readlinkat), EACCES}, Refused{SCMP_SYS(getcwd), EACCES},
    Refused{SCMP_SYS(uname), EACCES}, Refused{SCMP_SYS(sysinfo), EACCES}, Refused{SCMP_SYS(clone3), ENOSYS},
};

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

Error failed(const char* what, int negative_errno) {
    errno = -negative_errno;
    return os_error(what);
}

scmp_arg_cmp compared(const Argument& wanted) { return {wanted.number, SCMP_CMP_MASKED_EQ, wanted.mask, wanted.value}; }

Result<> allow_where(void* filter, unsigned kind) {
    for (const auto& one : kAllowedWhere) {
        if (!(one.kinds & kind)) continue;
        const std::array where{compared(one.first), compared(one.second)};
        const unsigned count = one.second.mask == 0 ? 1 : 2;
        if (int code = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, one.call, count, where.data()); code != 0) return failed("seccomp_rule_add", code);
    }
    // abort(3) and raise(3).
    scmp_arg_cmp itself{0, SCMP_CMP_EQ, static_cast<uint64_t>(::getpid()), 0};
    if (int code = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &itself); code != 0) return failed("seccomp_rule_add", code);
    return {};
}

}  // namespace

bool filters_system_calls() noexcept {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return false;
#else
    return true;
#endif
}

Result<size_t> filter_system_calls(SandboxKind kind_given) {
    if (!filters_system_calls()) return 0;
    const unsigned kind = 1u << static_cast<unsigned>(kind_given);
    Filter filter(seccomp_init(SCMP_ACT_KILL_PROCESS), &seccomp_release);
    if (!filter) return Error{Errc::internal, "seccomp_init"};
    (void)seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);  // A tree, not a list.
    size_t allowed = 1;                                                 // tgkill
    for (const auto& one : kAllowed) {
        if (!(one.kinds & kind)) continue;
        if (int code = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, one.call, 0); code != 0) return failed("seccomp_rule_add", code);
        allowed++;
    }
    INLAY_TRY_VOID(allow_where(filter.get(), kind));
    int before = -1;
    for (const auto& one : kAllowedWhere)
        if ((one.kinds & kind) && std::exchange(before, one.call) != one.call) allowed++;
    for (const auto& one : kRefused)
        if (int code = seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(static_cast<uint16_t>(one.error)), one.call, 0); code != 0)
            return failed("seccomp_rule_add", code);
    if (int code = seccomp_load(filter.get()); code != 0) return failed("seccomp_load", code);
    return allowed;
}

}  // namespace inlay::os
