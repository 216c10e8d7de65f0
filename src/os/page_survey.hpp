// How much of a file is in memory, and in pages of which size the kernel can show it.
#pragma once

#include <cstdint>

#include "base/result.hpp"

namespace inlay::os {

struct PageSurvey {
    uint64_t in_memory_bytes = 0;  // Whole pages: the last may be counted beyond the file's end.
    uint64_t huge_bytes = 0;       // Of them in huge pages.
};

// Looks over a file or memfd of `size` bytes. Reads nothing from disk. Any thread. Cost: about 20 ms for each GiB in memory.
Result<PageSurvey> survey_pages(int fd, uint64_t size);

}  // namespace inlay::os
