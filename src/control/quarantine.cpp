// Counts, and forgets the oldest where there are too many.
#include "control/quarantine.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace inlay::control {

bool Quarantine::note_crash(const std::string& version, const std::string& how, uint64_t now_ms) {
    auto found = records_.find(version);
    if (found == records_.end()) {
        if (records_.size() >= kCrashRecordsMax) forget_oldest();
        found = records_.emplace(version, Record{.first_ms = now_ms}).first;
    }
    auto& record = found->second;
    if (!record.reason.empty()) return false;  // Was under way already.
    if (now_ms - record.first_ms > kCrashWindowMs) record = Record{.first_ms = now_ms};
    if (++record.crashes < kCrashesMax) return false;
    record.reason = fmt::format("workers died {} times while it ran, the last one of {}", record.crashes, how);
    return true;
}

const std::string* Quarantine::reason(const std::string& version) const {
    auto found = records_.find(version);
    return found == records_.end() || found->second.reason.empty() ? nullptr : &found->second.reason;
}

// One that is not in quarantine, where there is one.
void Quarantine::forget_oldest() {
    auto later = [](const auto& one, const auto& other) {
        return std::pair(!one.second.reason.empty(), one.second.first_ms) < std::pair(!other.second.reason.empty(), other.second.first_ms);
    };
    records_.erase(std::min_element(records_.begin(), records_.end(), later));
}

}  // namespace inlay::control
