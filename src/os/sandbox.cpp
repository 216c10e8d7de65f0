// The four walls, in the order in which each can still be built.
#include "os/sandbox.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>

#include "base/limits.hpp"
#include "os/allowance.hpp"
#include "os/fd.hpp"
#include "os/file.hpp"
#include "os/own_memory.hpp"
#include "os/system_calls.hpp"

namespace inlay::os {
namespace {

// Interface versions of landlock(7), and what the headers of Debian 12 do not name yet.
constexpr int kLandlockTruncate = 3, kLandlockNetwork = 4, kLandlockDevices = 5, kLandlockScopes = 6;
constexpr uint64_t kAccessFirst = (1ull << 13) - 1, kAccessRefer = 1ull << 13, kAccessTruncate = 1ull << 14, kAccessDevices = 1ull << 15;
constexpr uint64_t kNetworkAll = 3;      // Bind and connect, TCP.
constexpr uint64_t kScopeAbstract = 1;   // Abstract sockets of others.
constexpr uint64_t kScopeSignals = 2;    // Signals to others; but a worker ends its lanes.

struct Ruleset {
    uint64_t files = 0;
    uint64_t network = 0;
    uint64_t scopes = 0;
};

// The version in force; 0: the kernel has none, or it is switched off.
Result<int> enter_landlock(SandboxKind kind) {
    auto version = static_cast<int>(::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
    if (version < 1) return 0;
    Ruleset denied{.files = kAccessFirst};
    size_t known = sizeof denied.files;
    if (version >= 2) denied.files |= kAccessRefer;
    if (version >= kLandlockTruncate) denied.files |= kAccessTruncate;
    if (version >= kLandlockDevices) denied.files |= kAccessDevices;
    if (version >= kLandlockNetwork) denied.network = kNetworkAll, known += sizeof denied.network;
    if (version >= kLandlockScopes) denied.scopes = kScopeAbstract | (kind == SandboxKind::worker ? 0 : kScopeSignals), known += sizeof denied.scopes;
    Fd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &denied, known, 0)));
    if (!ruleset) return os_error("landlock_create_ruleset");
    if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) return os_error("landlock_restrict_self");
    return version;
}

// A capability that is out of the bounding set comes back by no means.
void drop_bounding_set() {
    for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
        (void)::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
}

// Of those that there are.
Result<> keep_capabilities(uint32_t kept) {
    __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> sets{};
    if (::syscall(SYS_capget, &head, sets.data()) != 0) return os_error("capget");
    const uint32_t left = sets[0].permitted & kept;
    sets = {};
    sets[0].effective = sets[0].permitted = left;
    if (::syscall(SYS_capset, &head, sets.data()) != 0) return os_error("capset");
    (void)::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    return {};
}

Result<> become(uint32_t user) {
    if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return os_error("prctl (PR_SET_KEEPCAPS)");
    if (::setgroups(0, nullptr) != 0) return os_error("setgroups");
    if (::setresgid(user, user, user) != 0) return os_error("setresgid");
    if (::setresuid(user, user, user) != 0) return os_error("setresuid");
    return {};
}

// All that is here is for one thread, and for those that it makes later.
Result<> check_alone() {
    INLAY_TRY(auto tasks, open_file("/proc/self/task"));
    size_t threads = 0;
    INLAY_TRY_VOID(for_each_entry(tasks.get(), [&](std::string_view) { return ++threads < 2; }));
    if (threads > 1) return Error{Errc::internal, "a thread was made before the sandbox was entered"};
    return {};
}

void limit(__rlimit_resource which, rlim_t value) {
    rlimit none{value, value};
    ::setrlimit(which, &none);
}

// Those that have ended count until they are reaped: so many times what is needed.
constexpr rlim_t kTasksSpare = 4;

// How many threads and processes its user may have when it makes one more.
rlim_t tasks_max(SandboxKind kind) {
    switch (kind) {
        case SandboxKind::worker: return kTasksSpare * (1 + kDiskThreads) + kLanesPerWorkerMax;
        case SandboxKind::lane: return 0;
        case SandboxKind::compiler: return kTasksSpare * kCompilesAtOnceMax * (1 + usable_processors());
    }
    return 0;
}

void limit_resources(const SandboxPlan& plan) {
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_MEMLOCK, 0);
    limit(RLIMIT_MSGQUEUE, 0);
    limit(RLIMIT_RTPRIO, 0);
    // Of whoever started us there may be others.
    if (plan.user != 0) limit(RLIMIT_NPROC, tasks_max(plan.kind));
}

}  // namespace

std::string SandboxReport::text() const {
    return fmt::format("{}, {}, {}", user ? fmt::format("user {}", user) : "the user who started it",
                       landlock ? fmt::format("Landlock {}", landlock) : "no Landlock",
                       system_calls ? fmt::format("{} system calls", system_calls) : "all system calls");
}

std::string sandbox_word(std::optional<uint32_t> user) { return user ? std::to_string(*user) : "none"; }

std::optional<uint32_t> user_of_word(std::string_view word) {
    uint32_t user = 0;
    auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), user);
    if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
    return user;
}

bool may_change_user() noexcept { return ::geteuid() == 0; }

Result<SandboxReport> enter_sandbox(const SandboxPlan& plan) {
    INLAY_TRY_VOID(check_alone());
    ::tzset();  // Reads a file.
    SandboxReport report;
    if (::chdir("/") != 0) return os_error("chdir");
    limit_resources(plan);
    drop_bounding_set();
    if (plan.user != 0) INLAY_TRY_VOID(become(plan.user));
    report.user = plan.user;
    INLAY_TRY_VOID(keep_capabilities(plan.kind == SandboxKind::compiler ? 0 : 1u << CAP_FOWNER));
    // Without root's rights: opened with them, pagemap would tell where in the machine our pages lie.
    (void)::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    open_own_memory();
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return os_error("prctl (PR_SET_DUMPABLE)");
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return os_error("prctl (PR_SET_NO_NEW_PRIVS)");
    INLAY_TRY(report.landlock, enter_landlock(plan.kind));
    INLAY_TRY(report.system_calls, filter_system_calls(plan.kind));
    return report;
}

Result<SandboxReport> try_sandbox(const SandboxPlan& plan) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return os_error("pipe2");
    Fd from(ends[0]), to(ends[1]);
    pid_t pid = ::fork();
    if (pid < 0) return os_error("fork");
    if (pid == 0) {
        auto entered = enter_sandbox(plan);
        bool said = entered.ok() && ::write(to.get(), &*entered, sizeof *entered) == sizeof *entered;
        if (!entered.ok()) (void)!::write(to.get(), entered.error().detail.data(), entered.error().detail.size());
        ::_exit(said ? 0 : 1);
    }
    to = Fd();
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    std::array<char, 256> room;
    ssize_t got = ::read(from.get(), room.data(), room.size());
    SandboxReport report;
    if (status == 0 && got == sizeof report) {
        std::memcpy(&report, room.data(), sizeof report);
        return report;
    }
    return Error{Errc::internal, fmt::format("a sandbox cannot be entered here: {}",
                                             got > 0 ? std::string_view(room.data(), static_cast<size_t>(got)) : "it died at it")};
}

}  // namespace inlay::os
