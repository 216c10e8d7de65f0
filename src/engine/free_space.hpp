// FreeSpace: address space that the host has grown and no window uses, found by size, put together again by address.
//
//     space.give({0x10000, 0x30000});
//     if (auto found = space.find(0x8000)) space.take(found->offset, 0x10000);   // The rest of it stays free.
//
// Cost: logarithmic, whatever a guest maps and unmaps.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace inlay::engine {

// A piece of a guest's address space: [offset, offset + size).
struct Extent {
    uint64_t offset = 0;
    uint64_t size = 0;

    bool operator==(const Extent&) const = default;
};

class FreeSpace {
  public:
    // Makes a piece free; it grows together with free neighbours. Requires: no byte of it is free already.
    void give(Extent piece);
    // Takes the first `size` bytes of the free extent that begins at `offset`. Requires: there is one of at least that size.
    void take(uint64_t offset, uint64_t size);

    // The smallest free extent of at least `size` bytes for which `fits(extent)`.
    template <class Fits>
    std::optional<Extent> find(uint64_t size, Fits fits) const {
        for (auto at = by_size_.lower_bound({size, 0}); at != by_size_.end(); ++at)
            if (Extent extent{at->second, at->first}; fits(extent)) return extent;
        return std::nullopt;
    }
    std::optional<Extent> find(uint64_t size) const {
        return find(size, [](const Extent&) { return true; });
    }
    size_t extents() const { return by_offset_.size(); }
    void clear();

  private:
    using ByOffset = std::map<uint64_t, uint64_t>;

    void add(Extent extent);
    void erase(ByOffset::iterator at);

    ByOffset by_offset_;                                // offset -> size
    std::set<std::pair<uint64_t, uint64_t>> by_size_;  // (size, offset)
};

}  // namespace inlay::engine
