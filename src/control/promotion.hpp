// Promotion: an object that functions map again and again moves into huge pages, where its file's own pages are small.
//
//     a worker notes its use -> worth it? -> copied aside, one at a time -> kept hot, announced: workers open the copy instead
//
// What has opened the file keeps it. Pages that are in use as well do not go for it (HotTier::keep_beside_hotter).
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <thread>
#include <unordered_map>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "os/fd.hpp"

namespace inlay::control {

// A sealed copy of an object's file in huge pages. Empty: it is not worth it: less than half of it is in memory, or half of it lies in
// huge pages already. The file's own pages are left to the kernel: who has them mapped goes on, and nobody else asks for them.
// Errors: as copy_into_huge_pages().
Result<os::Fd> promote_file(int file, uint64_t size, const std::stop_token& stop);

// The thread that copies, and the memory of what was not worth it. Belongs to one thread.
class Promoter {
  public:
    // `counters` outlive this.
    explicit Promoter(CounterBlock& counters, std::function<uint64_t()> now_ms = coarse_ms) : counters_(counters), now_ms_(std::move(now_ms)) {}

    // Whether this version may be promoted now: nothing else is, and it was not refused lately.
    bool may_begin(const std::string& version) const;
    // Copies, and calls `done` on a thread of its own. Requires: may_begin().
    void begin(const std::string& version, os::Fd file, uint64_t size, std::function<void(Result<os::Fd>)> done);
    // What begin() began is over. `refused`: it is not looked at again for kPromoteAgainMs.
    void end(const std::string& version, bool refused);

  private:
    CounterBlock& counters_;
    const std::function<uint64_t()> now_ms_;
    bool busy_ = false;
    std::unordered_map<std::string, uint64_t> refused_ms_;  // At most kHotObjectsMax.
    std::jthread thread_;
};

}  // namespace inlay::control
