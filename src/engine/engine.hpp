// Engine: the settings under which modules are compiled and run; one per process.
//
// A worker's engine takes instances from a pool of slots of 4 GiB of addresses each; a lane's pool has one, and so has the
// compiler's, so that it refuses what theirs could not take. All settings that decide what compiled code may assume are the same in both, and all are set explicitly.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "engine/host_function.hpp"
#include "os/kept_views.hpp"
#include "os/mapping_budget.hpp"

namespace inlay::engine {

class CodeCache;

// Whether compiled code looks at the epoch on its way, so that interrupt() can end it. Unchecked code runs at full native
// speed and is ended with its process: for lanes.
enum class Checks { epoch, none };

class Engine {
  public:
    // For a worker, with room for so many instances at once: installs the fault guard around the engine. `host` is what guests may
    // import. Valid until: `host` ends, which must outlive the engine. Requires: the first and only engine of this process.
    static Result<std::unique_ptr<Engine>> create_for_worker(std::span<const HostFunction> host, size_t slots = kPoolSlots);
    // For a lane: the same with room for one instance at a time.
    static Result<std::unique_ptr<Engine>> create_for_lane(std::span<const HostFunction> host, Checks checks);
    // For the compiler: no fault guard, no instances. `cache`: of what it need not compile; nullptr: none.
    static Result<std::unique_ptr<Engine>> create_for_compiler(std::span<const HostFunction> host, Checks checks = Checks::epoch, CodeCache* cache = nullptr);
    // The same for one instance, which is only initialised: it may call what a module may call then.
    static Result<std::unique_ptr<Engine>> create_for_start(std::span<const HostFunction> host, CodeCache* cache = nullptr);
    ~Engine();

    // Names everything that a compiled module depends on: engine version, settings, processor features. Part of its file name.
    static std::string compiled_key(Checks checks = Checks::epoch);

    // Makes the running guest trap at its next check. Async-signal-safe.
    void interrupt() noexcept;

    // What windows may take of this process's mappings, all instances together.
    os::MappingBudget& mappings() const;
    // What windows may be lent from. nullptr: a worker keeps nothing of one function for another.
    os::KeptViews* views() const;

    struct Parts;
    Parts& parts() const { return *parts_; }

  private:
    explicit Engine(std::unique_ptr<Parts> parts);

    std::unique_ptr<Parts> parts_;
};

}  // namespace inlay::engine
