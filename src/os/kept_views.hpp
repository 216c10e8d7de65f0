// KeptViews: mappings of files that outlive the windows they are lent to, so that their page tables are made once.
//
//     view        |==== pages of the file, mapped, read only ====|      |====|......|====|  still mapped, page tables gone
//     lend()           |-- page tables -->  window                           |======|       the same pages, elsewhere
//     take_back()      |<-- page tables --
//
// A view maps its file all along: page tables are no more than what need not be found again. Moving them takes a microsecond for
// some MiB, finding them again one for each 64 KiB. What is lent out already is lent again from another view of the file: a window of a caller
// and one of its callee each have page tables of their own. Views that nobody was lent in a round go at its end: so pages and disk of a file that is
// gone are held by whoever used it last, no longer than until it uses others.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "os/aligned_view.hpp"
#include "os/file_range.hpp"

namespace inlay::os {

// One thread.
class KeptViews {
  public:
    // Where something lent belongs. Valid until: end_round().
    struct Loan {
        uint8_t* home = nullptr;
        uint64_t length = 0;
    };

    // Places the pages of `range` (page-aligned; length rounded up to pages) at `at`, over what lies there: private, read only.
    // Nothing: there is no view to lend it from; what lay there may be unmapped.
    std::optional<Loan> lend(uint8_t* at, const FileRange& range);
    // Afterwards the same pages still lie at `at`, without page tables. Requires: they have lain there all the time.
    void take_back(uint8_t* at, const Loan& loan) noexcept;

    // Requires: everything is back, or replaced.
    void end_round();
    void clear() { views_.clear(); }
    size_t size() const { return views_.size(); }

  private:
    struct Range {
        uint64_t offset = 0, length = 0;
        bool overlaps(const Range& other) const { return offset < other.offset + other.length && other.offset < offset + length; }
    };
    struct View {
        dev_t device;
        ino_t inode;
        AlignedView mapped;
        std::vector<Range> lent;  // Now; as many as there are windows of it.
        bool used = false;

        bool has(const Range& range) const;
    };

    View* find_or_map(int fd, const Range& range);

    std::vector<View> views_;
};

}  // namespace inlay::os
