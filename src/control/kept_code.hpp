// KeptCode: what compilations of a function's module have kept of machine code, for those of its next versions.
#pragma once

#include <algorithm>
#include <list>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "base/limits.hpp"
#include "control/compiler.hpp"
#include "os/fd.hpp"

namespace inlay::control {

// At most kKeptCodesMax: beyond, what was not asked for the longest is gone.
class KeptCode {
  public:
    // For CompileJob::kept. Code with other checks, and that which is run once, is other code.
    std::shared_ptr<os::Fd> of(const std::string& name, CompileJob::Task task, engine::Checks checks) {
        const Key key(name, task, checks);
        auto found = std::find_if(kept_.begin(), kept_.end(), [&](const auto& one) { return one.first == key; });
        if (found != kept_.end()) {
            kept_.splice(kept_.end(), kept_, found);
        } else {
            if (kept_.size() >= kKeptCodesMax) kept_.pop_front();
            kept_.emplace_back(key, std::make_shared<os::Fd>());
        }
        return kept_.back().second;
    }

  private:
    using Key = std::tuple<std::string, CompileJob::Task, engine::Checks>;
    std::list<std::pair<Key, std::shared_ptr<os::Fd>>> kept_;  // The latest last.
};

}  // namespace inlay::control
