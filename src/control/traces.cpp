// Keeps traces in the order of their ends.
#include "control/traces.hpp"

#include <utility>

#include "base/limits.hpp"

namespace inlay::control {

void Traces::add(registry::Trace trace, uint64_t wall_ms) {
    auto known = by_id_.find(trace.id);
    if (known == by_id_.end()) {
        kept_.push_back({trace.id, wall_ms, {}});
        known = by_id_.emplace(std::move(trace.id), std::prev(kept_.end())).first;
    }
    auto& kept = *known->second;
    kept_.splice(kept_.end(), kept_, known->second);
    kept.wall_ms = wall_ms;
    spans_ -= kept.spans.list.size();
    kept.spans.add(std::move(trace.spans));
    spans_ += kept.spans.list.size();
    while (kept_.size() > kTracesMax || spans_ > kTraceSpansKeptMax) {
        spans_ -= kept_.front().spans.list.size();
        by_id_.erase(kept_.front().id);
        kept_.pop_front();
    }
}

const KeptTrace* Traces::find(const std::string& id) const {
    auto known = by_id_.find(id);
    return known == by_id_.end() ? nullptr : &*known->second;
}

std::vector<const KeptTrace*> Traces::latest(size_t most) const {
    std::vector<const KeptTrace*> list;
    for (auto one = kept_.rbegin(); one != kept_.rend() && list.size() < most; ++one) list.push_back(&*one);
    return list;
}

}  // namespace inlay::control
