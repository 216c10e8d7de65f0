// One timer, many deadlines.
#include "serve/deadlines.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#include "base/clock.hpp"

namespace inlay::serve {
namespace {

constexpr uint64_t kSlackMs = 50;  // Looks at all connections are at least this far apart.

}  // namespace

void Deadlines::add(Entry& entry) {
    entry.deadline_ms_ = kNever;
    entries_.push_back(entry);
}

void Deadlines::expect(Entry& entry, uint64_t after_ms) {
    entry.deadline_ms_ = after_ms == kNever ? kNever : coarse_ms() + after_ms;
    if (entry.deadline_ms_ < armed_for_ms_) arm(entry.deadline_ms_);
}

void Deadlines::arm(uint64_t at_ms) {
    armed_for_ms_ = at_ms;
    uint64_t now = coarse_ms();
    uint64_t wait = std::max(at_ms > now ? at_ms - now : 0, kSlackMs);
    timer_.expires_after(std::chrono::milliseconds(wait));
    timer_.async_wait([this](boost::system::error_code error) {
        if (!error) on_timer();
    });
}

void Deadlines::on_timer() {
    armed_for_ms_ = kNever;
    uint64_t now = coarse_ms(), next = kNever;
    std::vector<Entry*> due;
    for (auto& entry : entries_) {
        if (entry.deadline_ms_ <= now) {
            entry.deadline_ms_ = kNever;
            due.push_back(&entry);
        } else {
            next = std::min(next, entry.deadline_ms_);
        }
    }
    if (next != kNever) arm(next);
    // on_deadline() only cancels an operation; it ends nobody before the loop comes round.
    for (auto* entry : due) entry->on_deadline();
}

}  // namespace inlay::serve
