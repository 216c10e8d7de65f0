// The two halves of the handler for SIGSEGV and SIGBUS.
#include "os/fault_guard.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <iterator>

#include "base/limits.hpp"
#include "os/mapping.hpp"

namespace inlay::os {
namespace {

constexpr size_t kScratchBytes = 2 * MiB;  // Mapped again and again: a fill of 1 GiB costs 512 mappings and 2 MiB of memory.

// What it points to is written by handlers and read by the same thread afterwards.
FaultWatch* volatile watched = nullptr;
struct sigaction engine_action;

// Async-signal-safe: raw calls only. The scratch file is fresh, so nothing of another invocation can be read from it.
bool cover_with_scratch(const WindowSpan& window) {
    int scratch = ::memfd_create("inlay-scratch", MFD_CLOEXEC);
    if (scratch < 0) return false;
    bool covered = ::ftruncate(scratch, kScratchBytes) == 0;
    for (size_t done = 0; covered && done < window.size; done += kScratchBytes) {
        size_t piece = std::min(kScratchBytes, window.size - done);
        covered = ::mmap(window.at + done, piece, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, scratch, 0) != MAP_FAILED;
    }
    ::close(scratch);
    return covered;
}

// The span that holds the address, or nullptr.
const WindowSpan* find_watched(const void* address) {
    if (!watched) return nullptr;
    const auto& windows = watched->windows;
    auto after = std::upper_bound(windows.begin(), windows.end(), address,
                                  [](const void* sought, const WindowSpan& span) { return sought < span.at; });
    return after != windows.begin() && std::prev(after)->contains(address) ? &*std::prev(after) : nullptr;
}

// Behind the engine: reached only by faults in host code.
void on_host_fault(int signal_number, siginfo_t* info, void*) {
    if (const WindowSpan* span = find_watched(info->si_addr)) {
        watched->last.in_host_code = true;
        // Without a descriptor for the scratch file: plain pages, bounded by the span itself.
        if (cover_with_scratch(*span) || place_zero(span->at, span->size).ok()) return;
    }
    // A bug of ours: the instruction runs again and ends the process, with the address in the core.
    ::signal(signal_number, SIG_DFL);
    ::signal(SIGSEGV, SIG_DFL);
    ::signal(SIGBUS, SIG_DFL);
}

// Before the engine: notes the fault, and shows SIGBUS to the engine as the SIGSEGV it knows how to trap.
void on_fault(int signal_number, siginfo_t* info, void* context) {
    if (watched && !watched->last.in_host_code)
        watched->last = {signal_number == SIGBUS ? FaultKind::lost_page : FaultKind::access, info->si_addr, false};
    engine_action.sa_sigaction(SIGSEGV, info, context);
}

}  // namespace

Result<> FaultGuard::install_behind_engine() {
    struct sigaction action{};
    action.sa_sigaction = on_host_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    if (::sigaction(SIGSEGV, &action, nullptr) != 0) return os_error("sigaction");
    return {};
}

Result<> FaultGuard::install_before_engine() {
    if (::sigaction(SIGSEGV, nullptr, &engine_action) != 0) return os_error("sigaction");
    if (engine_action.sa_sigaction == on_host_fault)
        return Error{Errc::internal, "the engine installed no fault handler: install_before_engine() comes after it"};
    struct sigaction action = engine_action;
    action.sa_sigaction = on_fault;
    action.sa_flags |= SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    if (::sigaction(SIGSEGV, &action, nullptr) != 0 || ::sigaction(SIGBUS, &action, nullptr) != 0)
        return os_error("sigaction");
    return {};
}

void FaultGuard::watch(FaultWatch* watch) noexcept {
    std::atomic_signal_fence(std::memory_order_seq_cst);
    watched = watch;
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

}  // namespace inlay::os
