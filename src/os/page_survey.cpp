// mincore, a mapping of what is there, and /proc/self/smaps.
#include "os/page_survey.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "os/aligned_view.hpp"
#include "os/own_memory.hpp"

namespace inlay::os {
namespace {

// What smaps says of huge pages in [from, to). The kernel may have split our mapping: all parts count.
uint64_t huge_bytes_in(uintptr_t from, uintptr_t to) {
    uint64_t bytes = 0;
    bool inside = false;
    for_each_smaps_line([&](std::string_view text) {
        const std::string line(text);
        unsigned long begin = 0, end = 0, kilobytes = 0;
        if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2) {
            if (begin >= to) return false;  // The kernel looks at each mapping as it tells of it: what lies behind is spared.
            inside = begin >= from && end <= to;
        }
        if (inside && (std::sscanf(line.c_str(), "FilePmdMapped: %lu kB", &kilobytes) == 1 ||
                       std::sscanf(line.c_str(), "ShmemPmdMapped: %lu kB", &kilobytes) == 1))
            bytes += kilobytes * 1024;
        return true;
    });
    return bytes;
}

}  // namespace

Result<PageSurvey> survey_pages(int fd, uint64_t size) {
    PageSurvey survey;
    if (size == 0) return survey;
    INLAY_TRY(auto view, AlignedView::create(fd, size, Access::read, Sharing::shared));
    view.want_huge_pages();
    std::vector<unsigned char> present(kHugePageBytes / page_size());
    for (uint64_t offset = 0; offset < size; offset += kHugePageBytes) {
        uint64_t bytes = round_up(std::min(kHugePageBytes, size - offset), page_size());
        if (::mincore(view.data() + offset, bytes, present.data()) != 0) return os_error("mincore");
        auto end = present.begin() + static_cast<ptrdiff_t>(bytes / page_size());
        auto there = static_cast<uint64_t>(std::count_if(present.begin(), end, [](unsigned char page) { return page & 1; }));
        survey.in_memory_bytes += there * page_size();
        // Only what is there whole can be one huge page, and is mapped without a disk.
        if (bytes == kHugePageBytes && there * page_size() == bytes) (void)::madvise(view.data() + offset, bytes, MADV_POPULATE_READ);
    }
    auto from = reinterpret_cast<uintptr_t>(view.data());
    survey.huge_bytes = huge_bytes_in(from, from + round_up(size, page_size()));
    return survey;
}

}  // namespace inlay::os
