// Engine: the settings under which modules are compiled and run; one per process.
//
// A worker's engine takes instances from a pool of slots of 4 GiB of addresses each; the compiler's pool has one, so that it
// refuses what a worker's could not take. All settings that decide what compiled code may assume are the same in both, and all are set explicitly.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/result.hpp"
#include "engine/host_function.hpp"

namespace inlay::engine {

class Engine {
  public:
    // For a worker: installs the fault guard around the engine. `host` is what guests may import from the module "inlay".
    // Valid until: `host` ends, which must outlive the engine. Requires: the first and only engine of this process.
    static Result<std::unique_ptr<Engine>> create_for_worker(std::span<const HostFunction> host);
    // For the compiler: no fault guard, no instances.
    static Result<std::unique_ptr<Engine>> create_for_compiler(std::span<const HostFunction> host);
    ~Engine();

    // Names everything that a compiled module depends on: engine version, settings, processor features. Part of its file name.
    static std::string compiled_key();

    // Makes the running guest trap at its next check. Async-signal-safe.
    void interrupt() noexcept;

    struct Parts;
    Parts& parts() const { return *parts_; }

  private:
    explicit Engine(std::unique_ptr<Parts> parts);

    std::unique_ptr<Parts> parts_;
};

}  // namespace inlay::engine
