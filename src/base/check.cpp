// The end of a process that found itself wrong.
#include "base/check.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace inlay {

void check_failed(const char* condition, const char* file, int line) noexcept {
    std::fprintf(stderr, "inlay[%d]: check failed: %s (%s:%d)\n", getpid(), condition, file, line);
    std::abort();
}

}  // namespace inlay
