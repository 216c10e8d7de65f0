// Counts, and forgets the oldest where there are too many.
#include "control/quarantine.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace inlay::control {

bool Quarantine::note_crash(const std::string& version, const std::string& how, uint64_t now_ms) {
    if (!records_.contains(version) && records_.size() >= kCrashRecordsMax) forget_oldest();
    auto& record = records_[version];
    if (!record.reason.empty()) return false;  // Was under way already.
    record.crashed_ms.push_back(now_ms);
    if (record.crashed_ms.size() > kCrashesMax) record.crashed_ms.pop_front();
    if (record.crashed_ms.size() < kCrashesMax || now_ms - record.crashed_ms.front() > kCrashWindowMs) return false;
    record.reason = fmt::format("workers died {} times while it ran, the last one of {}", kCrashesMax, how);
    return true;
}

const std::string* Quarantine::reason(const std::string& version) const {
    auto found = records_.find(version);
    return found == records_.end() || found->second.reason.empty() ? nullptr : &found->second.reason;
}

// One that is not in quarantine, where there is one.
void Quarantine::forget_oldest() {
    auto later = [](const auto& one, const auto& other) {
        return std::pair(!one.second.reason.empty(), one.second.crashed_ms.back()) <
               std::pair(!other.second.reason.empty(), other.second.crashed_ms.back());
    };
    records_.erase(std::min_element(records_.begin(), records_.end(), later));
}

}  // namespace inlay::control
