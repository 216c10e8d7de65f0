// A call that is not in the list ends the process, or is refused; one that is in it works. Each is made in a child of its own, which
// keeps its user and has no other wall, so that the filter alone answers.
#include "os/system_calls.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <thread>

namespace inlay::os {
namespace {

constexpr SandboxKind kKinds[] = {SandboxKind::worker, SandboxKind::lane, SandboxKind::compiler};

enum class Answer { done, refused, killed, failed, lost };

std::ostream& operator<<(std::ostream& out, Answer answer) {
    static constexpr const char* kNames[] = {"done", "refused", "killed", "failed", "lost"};
    return out << kNames[static_cast<size_t>(answer)];
}

// What becomes of a call; `act` gives what it gave: -1 is an error.
Answer answer_to(SandboxKind kind, const std::function<long()>& act) {
    pid_t pid = ::fork();
    if (pid == 0) {
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (!filter_system_calls(kind).ok()) ::_exit(9);
        errno = 0;
        bool is_error = act() == -1;
        // Any other error would be one of a call that was let through.
        ::_exit(!is_error ? 0 : errno == EACCES || errno == ENOSYS ? 1 : 2);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGSYS ? Answer::killed : Answer::lost;
    switch (WEXITSTATUS(status)) {
        case 0: return Answer::done;
        case 1: return Answer::refused;
        case 2: return Answer::failed;
        default: return Answer::lost;
    }
}

struct Attempt {
    const char* name;
    std::function<long()> act;
};

// What something that has taken a process over would try first.
std::vector<Attempt> attempts_at_files_and_sockets() {
    return {
        {"open a file", [] { return ::open("/etc/passwd", O_RDONLY); }},
        {"make a file", [] { return ::open("/tmp/inlay-escape", O_CREAT | O_WRONLY, 0600); }},
        {"openat2", [] { return ::syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", nullptr, 0); }},
        {"open by handle", [] { return ::syscall(SYS_open_by_handle_at, AT_FDCWD, nullptr, 0); }},
        {"stat", [] { return ::syscall(SYS_newfstatat, AT_FDCWD, "/etc/passwd", nullptr, 0); }},
        {"readlink", [] { char to[64]; return ::readlink("/proc/self/exe", to, sizeof to); }},
        {"list a directory", [] { char to[64]; return ::syscall(SYS_getdents64, 0, to, sizeof to); }},
        {"unlink", [] { return ::unlink("/tmp/inlay-escape"); }},
        {"rename", [] { return ::rename("/tmp/a", "/tmp/b"); }},
        {"link", [] { return ::link("/tmp/a", "/tmp/b"); }},
        {"symlink", [] { return ::symlink("/tmp/a", "/tmp/b"); }},
        {"mkdir", [] { return ::mkdir("/tmp/inlay-escape", 0700); }},
        {"mknod", [] { return ::mknod("/tmp/inlay-escape", S_IFCHR, 1); }},
        {"chmod", [] { return ::chmod("/tmp/inlay-escape", 0777); }},
        {"fchmod", [] { return ::fchmod(0, 0777); }},
        {"chown", [] { return ::chown("/tmp/inlay-escape", 0, 0); }},
        {"truncate", [] { return ::truncate("/tmp/inlay-escape", 0); }},
        {"socket", [] { return ::socket(AF_INET, SOCK_STREAM, 0); }},
        {"netlink socket", [] { return ::socket(AF_NETLINK, SOCK_RAW, 0); }},
        {"connect by sending", [] { sockaddr_in to{}; return ::sendto(0, "", 0, MSG_FASTOPEN, reinterpret_cast<sockaddr*>(&to), sizeof to); }},
        {"the same with sendmsg", [] { msghdr to{}; return ::sendmsg(0, &to, MSG_FASTOPEN); }},
        {"a socket pair that sends anywhere", [] { int two[2]; return ::socketpair(AF_UNIX, SOCK_DGRAM, 0, two); }},
        {"steer a listener's connections", [] { int none = 0; return ::setsockopt(0, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &none, sizeof none); }},
        {"filter a listener's connections", [] { int none = 0; return ::setsockopt(0, SOL_SOCKET, SO_ATTACH_FILTER, &none, sizeof none); }},
        {"mark packets", [] { int none = 0; return ::setsockopt(0, SOL_SOCKET, SO_MARK, &none, sizeof none); }},
        {"internet socket pair", [] { int two[2]; return ::socketpair(AF_INET, SOCK_STREAM, 0, two); }},
        {"bind", [] { return ::bind(0, nullptr, 0); }},
        {"connect", [] { return ::connect(0, nullptr, 0); }},
        {"listen", [] { return ::listen(0, 1); }},
        {"type into a terminal", [] { char c = 'x'; return ::ioctl(0, TIOCSTI, &c); }},
        {"lock a file", [] { struct flock one{}; return ::fcntl(0, F_SETLK, &one); }},
    };
}

std::vector<Attempt> attempts_at_processes() {
    static char exe[] = "/bin/true";
    static char* arguments[] = {exe, nullptr};
    const pid_t parent = ::getpid();
    return {
        {"fork", [] { return ::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }},
        {"vfork", [] { return ::syscall(SYS_clone, CLONE_VFORK | CLONE_VM | SIGCHLD, 0, 0, 0, 0); }},
        {"clone3", [] { return ::syscall(SYS_clone3, nullptr, 0); }},
        {"exec", [] { return ::execv(exe, arguments); }},
        {"execveat", [] { return ::syscall(SYS_execveat, AT_FDCWD, exe, arguments, nullptr, 0); }},
        {"kill the parent", [parent] { return ::kill(parent, 0); }},
        {"tgkill the parent", [parent] { return ::syscall(SYS_tgkill, parent, parent, 0); }},
        {"queue a signal", [parent] { return ::syscall(SYS_rt_sigqueueinfo, parent, SIGTERM, nullptr); }},
        {"pidfd_open", [parent] { return ::syscall(SYS_pidfd_open, parent, 0); }},
        {"pidfd_getfd", [] { return ::syscall(SYS_pidfd_getfd, 0, 0, 0); }},
        {"stop by pidfd", [] { return ::syscall(SYS_pidfd_send_signal, 0, SIGSTOP, nullptr, 0); }},
        {"ptrace", [parent] { return ::ptrace(PTRACE_ATTACH, parent, nullptr, nullptr); }},
        {"read another's memory", [parent] { return ::process_vm_readv(parent, nullptr, 0, nullptr, 0, 0); }},
        {"write another's memory", [parent] { return ::process_vm_writev(parent, nullptr, 0, nullptr, 0, 0); }},
        {"kcmp", [parent] { return ::syscall(SYS_kcmp, parent, parent, 0, 0, 0); }},
        {"set another's limits", [parent] { rlimit none{}; return ::prlimit(parent, RLIMIT_NOFILE, &none, nullptr); }},
        {"set its priority", [] { return ::setpriority(PRIO_PROCESS, 0, -20); }},
        {"set its scheduler", [] { sched_param p{1}; return ::sched_setscheduler(0, SCHED_FIFO, &p); }},
        {"signals from a descriptor", [parent] { return ::fcntl(0, F_SETOWN, parent); }},
    };
}

std::vector<Attempt> attempts_at_the_machine() {
    return {
        {"mount", [] { return ::mount("none", "/mnt", "tmpfs", 0, nullptr); }},
        {"umount", [] { return ::umount("/proc"); }},
        {"chroot", [] { return ::chroot("/"); }},
        {"pivot_root", [] { return ::syscall(SYS_pivot_root, "/", "/"); }},
        {"unshare", [] { return ::unshare(CLONE_NEWUSER); }},
        {"setns", [] { return ::setns(0, 0); }},
        {"become root", [] { return ::setresuid(0, 0, 0); }},
        {"take capabilities", [] { return ::syscall(SYS_capset, nullptr, nullptr); }},
        {"become dumpable", [] { return ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); }},
        {"another filter", [] { return ::syscall(SYS_seccomp, 0, 0, nullptr); }},
        {"bpf", [] { bpf_attr a{}; return ::syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof a); }},
        {"perf", [] { perf_event_attr a{}; return ::syscall(SYS_perf_event_open, &a, 0, -1, -1, 0); }},
        {"io_uring", [] { return ::syscall(SYS_io_uring_setup, 1, nullptr); }},
        {"userfaultfd", [] { return ::syscall(SYS_userfaultfd, 0); }},
        {"a kernel key", [] { return ::syscall(SYS_add_key, "user", "a", "b", 1, -3); }},
        {"shared memory by key", [] { return ::syscall(SYS_shmget, 1, 4096, 01600); }},
        {"message queue", [] { return ::syscall(SYS_mq_open, "/inlay", O_CREAT | O_RDWR, 0600, nullptr); }},
        {"inotify", [] { return ::syscall(SYS_inotify_init1, 0); }},
        {"load a module", [] { return ::syscall(SYS_init_module, nullptr, 0, ""); }},
        {"reboot", [] { return ::syscall(SYS_reboot, 0, 0, 0, nullptr); }},
        {"set the clock", [] { return ::syscall(SYS_clock_settime, CLOCK_REALTIME, nullptr); }},
        {"set the host's name", [] { return ::sethostname("x", 1); }},
        {"personality", [] { return ::syscall(SYS_personality, 0x0400000); }},
        {"code that can be written", [] { return ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1L : 0L; }},
        {"a file as code", [] { return ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, 0, 0) == MAP_FAILED ? -1L : 0L; }},
        {"write to code", [] { return ::mprotect(reinterpret_cast<void*>(0x10000), 4096, PROT_READ | PROT_WRITE | PROT_EXEC); }},
    };
}

TEST(SystemCalls, NothingThatLeadsOutIsDone) {
    if (!filters_system_calls()) GTEST_SKIP() << "builds with sanitizers need more calls: nothing is filtered";
    size_t killed = 0, refused = 0;
    for (auto kind : kKinds)
        for (auto* attempts : {attempts_at_files_and_sockets, attempts_at_processes, attempts_at_the_machine})
            for (const auto& attempt : attempts()) {
                auto answer = answer_to(kind, attempt.act);
                EXPECT_TRUE(answer == Answer::killed || answer == Answer::refused) << attempt.name << ": " << answer;
                killed += answer == Answer::killed;
                refused += answer == Answer::refused;
            }
    EXPECT_GT(killed, 5 * refused) << "most are not worth an answer";
}

TEST(SystemCalls, LanesAndCompilersHaveNoNetwork) {
    if (!filters_system_calls()) GTEST_SKIP() << "builds with sanitizers need more calls: nothing is filtered";
    for (auto kind : {SandboxKind::lane, SandboxKind::compiler}) {
        EXPECT_EQ(answer_to(kind, [] { return ::accept(0, nullptr, nullptr); }), Answer::killed);
        EXPECT_EQ(answer_to(kind, [] { return ::sendto(0, "", 0, 0, nullptr, 0); }), Answer::killed);
        EXPECT_EQ(answer_to(kind, [] { return ::sendfile(0, 0, nullptr, 1); }), Answer::killed);
        EXPECT_EQ(answer_to(kind, [] { return ::epoll_create1(0); }), Answer::killed);
        EXPECT_EQ(answer_to(kind, [] { return ::syscall(SYS_pidfd_send_signal, 0, SIGKILL, nullptr, 0); }), Answer::killed);
    }
    EXPECT_EQ(answer_to(SandboxKind::compiler, [] { return ::sendmsg(0, nullptr, 0); }), Answer::killed);
}

TEST(SystemCalls, WhatAProcessNeedsWorks) {
    for (auto kind : kKinds) {
        EXPECT_EQ(answer_to(kind, [] { return ::memfd_create("x", 0); }), Answer::done);
        EXPECT_EQ(answer_to(kind, [] { return ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1L : 0L; }), Answer::done);
        EXPECT_EQ(answer_to(kind, [] {
            void* at = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            return ::mprotect(at, 4096, PROT_READ | PROT_EXEC);
        }), Answer::done);
        EXPECT_EQ(answer_to(kind, [] { return ::fcntl(0, F_GETFD); }), Answer::done);
    }
    for (auto kind : {SandboxKind::worker, SandboxKind::compiler})
        EXPECT_EQ(answer_to(kind, [] {
            int seen = 0;
            std::thread([&] { seen = 1; }).join();
            return seen == 1 ? 0L : -1L;
        }), Answer::done);
    EXPECT_EQ(answer_to(SandboxKind::worker, [] { int two[2]; return ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, two); }), Answer::done);
    EXPECT_EQ(answer_to(SandboxKind::worker, [] { return ::epoll_create1(0); }), Answer::done);
}

TEST(SystemCalls, AnAbortIsStillAnAbort) {
    if (!filters_system_calls()) GTEST_SKIP() << "a sanitizer makes something else of it";
    pid_t pid = ::fork();
    if (pid == 0) {
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        (void)filter_system_calls(SandboxKind::worker);
        std::abort();
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) << status;
}

}  // namespace
}  // namespace inlay::os
