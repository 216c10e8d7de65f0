// Compiler: compiles modules in children that may die alone, a few at a time.
//
// The child is this program as `inlay compile`: it reads the module from one descriptor and writes the compiled code, or the
// reason why there is none, to another. Where code is kept it has two more: what was kept, and what is to be. Limits on processor time, addresses and memory hold whatever the module does to the compiler.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/result.hpp"
#include "engine/engine.hpp"
#include "os/fd.hpp"
#include "os/process.hpp"

namespace inlay::control {

// What `inlay compile` exits with when its output is the reason why there is no code.
inline constexpr int kCompileRefusedExitCode = 3;

struct CompileJob {
    std::string name;           // Of the function, for messages.
    os::Fd module;              // The module's bytes: a memfd or a file.
    uint64_t module_bytes = 0;  // The file may be longer: whole pages.
    uint64_t memory_bytes = 0;  // Of its own that the function may use.
    engine::Checks checks = engine::Checks::epoch;
    // compile: to code; inspect: what was found, as JSON; initialise: to another module, a snapshot of this one.
    enum class Task { compile, inspect, initialise };
    Task task = Task::compile;
    // Gets a memfd with what comes of it. Errors: bad_module.
    std::function<void(Result<os::Fd>)> done;
    // Machine code that an earlier job has kept there for those after it (engine::CodeCache); if this one succeeds, what it keeps. nullptr: nothing is kept.
    std::shared_ptr<os::Fd> kept = nullptr;
};

class Compiler {
  public:
    // All children together have a part of this memory. `sandbox`: theirs (os::sandbox_word).
    Compiler(uint64_t memory_bytes, std::string sandbox);

    // Errors through job.done: overloaded when too many wait.
    void submit(CompileJob job);
    // True: the ended child was one of ours; its job is done.
    bool on_exit(const os::Exit& exit);

  private:
    struct Running {
        CompileJob job;
        os::Fd output;
        os::Fd kept;
    };

    void start_next();

    size_t at_once_max_;
    uint64_t own_bytes_max_;  // Of one child.
    std::string sandbox_;
    std::deque<CompileJob> waiting_;
    std::unordered_map<pid_t, Running> running_;
};

// The file in which a compiled module is kept: names everything it depends on.
std::string compiled_name(const std::string& version, engine::Checks checks);

}  // namespace inlay::control
