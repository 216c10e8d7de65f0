// Learns how a function runs, and reads its environment.
#include "registry/function.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "base/text_list.hpp"

namespace inlay::registry {

namespace {

constexpr unsigned kShortRunsToReturn = 8;
constexpr uint64_t kShortRunUs = kExpressBudgetUs / 2;

}  // namespace

void Tendency::note_overrun(uint64_t now_ms) {
    bool again_soon = heavy_ms_ != 0 && now_ms < heavy_until_ms_ + heavy_ms_;
    heavy_ms_ = again_soon ? std::min(heavy_ms_ * 2, kHeavyMsMax) : kHeavyMsMin;
    heavy_until_ms_ = now_ms + heavy_ms_;
    short_runs_ = 0;
    ends_in_time_ = false;
}

void Tendency::note_lane_run(uint64_t run_us) {
    short_runs_ = run_us < kShortRunUs ? short_runs_ + 1 : 0;
    if (short_runs_ > 0) ends_in_time_ = true;
    if (short_runs_ >= kShortRunsToReturn) heavy_until_ms_ = 0;
}

void LaneTime::add(uint64_t now_ms, uint64_t ran_us) {
    us_ = recent_us(now_ms) + ran_us;
    at_ms_ = now_ms;
}

uint64_t LaneTime::recent_us(uint64_t now_ms) const {
    uint64_t halves = (now_ms - std::min(now_ms, at_ms_)) / kLaneTimeHalvesMs;
    return halves < 64 ? us_ >> halves : 0;
}

Error changed_error() {
    return Error{Errc::object_changed, "the file of a linked object is being written: the object is gone, and what was read of it is "
                                       "void; link the file again when it is written"};
}

std::optional<std::string_view> Function::environment(std::string_view name) const {
    std::string_view rest = record.env;
    while (!rest.empty()) {
        auto pair = take_text(rest);
        size_t equals = pair.find('=');
        if (equals != pair.npos && pair.substr(0, equals) == name) return pair.substr(equals + 1);
    }
    return std::nullopt;
}

}  // namespace inlay::registry
