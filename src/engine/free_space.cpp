// Two orders of the same extents, kept alike.
#include "engine/free_space.hpp"

#include <iterator>

#include "base/check.hpp"

namespace inlay::engine {

void FreeSpace::add(Extent extent) {
    by_offset_.emplace(extent.offset, extent.size);
    by_size_.emplace(extent.size, extent.offset);
}

void FreeSpace::erase(ByOffset::iterator at) {
    by_size_.erase({at->second, at->first});
    by_offset_.erase(at);
}

void FreeSpace::give(Extent piece) {
    auto after = by_offset_.lower_bound(piece.offset);
    if (after != by_offset_.begin()) {
        auto before = std::prev(after);
        if (before->first + before->second == piece.offset) {
            piece = {before->first, before->second + piece.size};
            erase(before);
        }
    }
    if (after != by_offset_.end() && piece.offset + piece.size == after->first) {
        piece.size += after->second;
        erase(after);
    }
    add(piece);
}

void FreeSpace::take(uint64_t offset, uint64_t size) {
    auto at = by_offset_.find(offset);
    INLAY_CHECK(at != by_offset_.end() && at->second >= size);
    uint64_t rest = at->second - size;
    erase(at);
    if (rest > 0) add({offset + size, rest});
}

void FreeSpace::clear() {
    by_offset_.clear();
    by_size_.clear();
}

}  // namespace inlay::engine
