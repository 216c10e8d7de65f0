// KeptFunctions: what compilations of a function's module have kept of single functions in it, for those of its next versions.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "base/limits.hpp"
#include "control/compiler.hpp"
#include "os/fd.hpp"

namespace inlay::control {

// At most kFunctionCachesMax: beyond, some other's are gone.
class KeptFunctions {
  public:
    // For CompileJob::functions. Code with other checks, and that which is run once, is other code.
    std::shared_ptr<os::Fd> of(const std::string& name, CompileJob::Task task, engine::Checks checks) {
        const Key key(name, task, checks);
        auto found = kept_.find(key);
        if (found != kept_.end()) return found->second;
        if (kept_.size() >= kFunctionCachesMax) kept_.erase(kept_.begin());
        return kept_.emplace(key, std::make_shared<os::Fd>()).first->second;
    }

  private:
    using Key = std::tuple<std::string, CompileJob::Task, engine::Checks>;
    std::map<Key, std::shared_ptr<os::Fd>> kept_;
};

}  // namespace inlay::control
