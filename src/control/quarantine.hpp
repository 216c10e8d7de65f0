// Quarantine: functions whose code was running when workers died, too often: they are not run any more, until they are deployed again.
//
// Which one it was a worker says in shared memory before it enters a guest. A worker that was hacked could name another, so that is
// no proof; but to be named once too often, a function has to end one worker after the other.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>

#include "base/limits.hpp"

namespace inlay::control {

// One thread. By version: what is deployed again begins anew.
class Quarantine {
  public:
    // A worker died of `how` while this version ran. True: that was once too often, it is in quarantine from now on.
    bool note_crash(const std::string& version, const std::string& how, uint64_t now_ms);
    // Why, for clients; nullptr: it is not in quarantine. Valid until: the next call of note_crash.
    const std::string* reason(const std::string& version) const;

  private:
    struct Record {
        std::deque<uint64_t> crashed_ms;  // The latest ones, up to kCrashesMax.
        std::string reason;               // Empty: not yet.
    };

    void forget_oldest();

    std::unordered_map<std::string, Record> records_;
};

}  // namespace inlay::control
