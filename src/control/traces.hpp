// Traces: the latest ones, in memory.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>
#include <vector>

#include "registry/trace.hpp"

namespace inlay::control {

struct KeptTrace {
    std::string id;
    uint64_t wall_ms = 0;  // When the latest of its requests ended.
    registry::Spans spans;
};

class Traces {
  public:
    // Requests of the same trace stand together. Keeps kTracesMax traces and kTraceSpansKeptMax spans; the oldest go first.
    void add(registry::Trace trace, uint64_t wall_ms);
    // nullptr: it is not there, or not any more. Valid until: the next add().
    const KeptTrace* find(const std::string& id) const;
    // At most so many, the latest first. Valid until: the next add().
    std::vector<const KeptTrace*> latest(size_t most) const;

  private:
    using Kept = std::list<KeptTrace>;

    Kept kept_;  // Oldest first.
    std::unordered_map<std::string, Kept::iterator> by_id_;
    size_t spans_ = 0;
};

}  // namespace inlay::control
