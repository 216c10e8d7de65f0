// Fault guard: what happens when code touches a window in a way its pages do not allow.
//
// Who faults, and how it ends (engine rules 3 and 4):
//   guest code    the engine turns the fault into a trap; the guard only notes where it was and of which kind
//   host code     bulk instructions and our own reads run in host code, where the engine cannot trap: the guard places scratch
//                 pages over the whole span it lies in, once, so that the code runs to its end, and dooms the invocation
//   anything else is a bug of ours: the process dies
//
// Order matters: install_behind_engine() before the first engine, install_before_engine() after it. The engine's handler then
// stands between the two halves. Single-threaded processes only: workers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.hpp"

namespace inlay::os {

// Addresses of windows that lie one after the other: whole OS pages.
struct WindowSpan {
    uint8_t* at = nullptr;
    size_t size = 0;

    bool contains(const void* address) const {
        auto byte = static_cast<const uint8_t*>(address);
        return byte >= at && byte < at + size;
    }
};

enum class FaultKind { none, access, lost_page };  // lost_page: SIGBUS, the file under the window ended or could not be read.

struct Fault {
    FaultKind kind = FaultKind::none;
    const void* address = nullptr;
    bool in_host_code = false;  // The window was covered by scratch pages; the invocation's result is void.
};

// The windows of one instance and what became of accesses to them.
struct FaultWatch {
    std::vector<WindowSpan> windows;  // By address; not to be changed by code that can fault.
    Fault last;                       // One in host code stays.
};

class FaultGuard {
  public:
    static Result<> install_behind_engine();
    static Result<> install_before_engine();

    // Whose code runs from now on: faults are looked up in its windows and noted there. nullptr: nobody's. Valid until: the next call.
    static void watch(FaultWatch* watch) noexcept;
};

}  // namespace inlay::os
