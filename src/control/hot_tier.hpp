// HotTier: pages of objects that are kept in memory beside their files: whoever opens such an object gets these instead.
//
// They are what functions wrote and published: sealed memfds, whose content went to the object's file from these very pages; or
// copies in huge pages of what is mapped again and again (control/promotion). Within a budget; what was not used for longest goes
// first. Whoever has opened them keeps them.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "os/fd.hpp"
#include "store/records.hpp"

namespace inlay::control {

// Any thread.
class HotTier {
  public:
    // `counters` outlive this.
    HotTier(uint64_t bytes_max, CounterBlock& counters, std::function<uint64_t()> now_ms = coarse_ms)
        : bytes_max_(bytes_max), counters_(counters), now_ms_(std::move(now_ms)) {}

    // `call`: whenever something begins to lie here, from whichever thread; it must not call back. Before anything is kept.
    void on_begin(std::function<void()> call) { on_begin_ = std::move(call); }
    bool is_empty() const;

    // Whether `pages` are fit to be kept as an object of `length` bytes: final, of this size, and zero behind its end.
    bool can_keep(int pages, uint64_t length) const;
    // Keeps them. Result: the objects that had to go for it. Requires: can_keep().
    std::vector<ObjectName> keep(const store::ObjectRecord& object, os::Fd pages);
    // The same of what is in use only lately: for it nothing has to go that was used within kHotIdleMs. nullopt: then there is no room.
    std::optional<std::vector<ObjectName>> keep_beside_hotter(const store::ObjectRecord& object, os::Fd pages);
    // Makes room so, and counts it as taken until it is released. Result: the objects that had to go for it; nullopt: there is none.
    std::optional<std::vector<ObjectName>> reserve_beside_hotter(uint64_t bytes);
    void release(uint64_t bytes);
    // Empty: this version is not kept. Who finds it uses it.
    os::Fd find(std::string_view version);
    // It is in use. False: it is not kept.
    bool touch(std::string_view version);
    void forget(std::string_view version);
    // Memory is short: lets go of so many bytes, or all there are. Result: whose they were.
    std::vector<ObjectName> shed(uint64_t bytes);

    uint64_t bytes_max() const { return bytes_max_; }

  private:
    struct Entry {
        ObjectName name;
        std::string version;
        uint64_t bytes;
        os::Fd pages;
        uint64_t used_ms;
    };
    using Entries = std::list<Entry>;

    // All of these with the lock held.
    std::vector<ObjectName> insert(const store::ObjectRecord& object, uint64_t bytes, os::Fd pages);
    bool has_idle_room(uint64_t bytes) const;
    Entries::iterator use(std::string_view version);
    ObjectName remove_last();
    void remove(Entries::iterator entry);
    std::vector<ObjectName> make_room(uint64_t bytes);
    void take(uint64_t bytes);

    const uint64_t bytes_max_;
    CounterBlock& counters_;
    std::function<void()> on_begin_;
    const std::function<uint64_t()> now_ms_;
    mutable std::mutex mutex_;  // Guards what follows.
    Entries entries_;           // The one used latest first.
    std::unordered_map<std::string, Entries::iterator> by_version_;
    uint64_t bytes_ = 0;     // Those reserved included.
    uint64_t reserved_ = 0;
};

}  // namespace inlay::control
