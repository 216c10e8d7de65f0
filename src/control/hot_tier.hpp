// HotTier: pages of objects that are kept in memory beside their files: whoever opens such an object gets these instead.
//
// They are what functions wrote and published: sealed memfds, whose content went to the object's file from these very pages. Within a
// budget; what was not opened for longest goes first. Whoever has opened them keeps them.
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/metrics.hpp"
#include "base/result.hpp"
#include "os/fd.hpp"
#include "store/records.hpp"

namespace inlay::control {

// Any thread.
class HotTier {
  public:
    // `counters` outlive this.
    HotTier(uint64_t bytes_max, CounterBlock& counters) : bytes_max_(bytes_max), counters_(counters) {}

    // Whether `pages` are fit to be kept as an object of `length` bytes: final, of this size, and zero behind its end.
    bool can_keep(int pages, uint64_t length) const;
    // Keeps them. Result: the objects that had to go for it. Requires: can_keep().
    std::vector<ObjectName> keep(const store::ObjectRecord& object, os::Fd pages);
    // Empty: this version is not kept.
    os::Fd find(std::string_view version);
    void forget(std::string_view version);

  private:
    struct Entry {
        ObjectName name;
        std::string version;
        uint64_t bytes;
        os::Fd pages;
    };
    using Entries = std::list<Entry>;

    void remove(Entries::iterator entry);

    const uint64_t bytes_max_;
    CounterBlock& counters_;
    std::mutex mutex_;  // Guards what follows.
    Entries entries_;   // The latest first.
    std::unordered_map<std::string, Entries::iterator> by_version_;
    uint64_t bytes_ = 0;
};

}  // namespace inlay::control
