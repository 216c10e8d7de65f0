// CompileAside: one job of the compiler in a child that may die alone, as a deploy does it; this process does something else until it waits for it.
#pragma once

#include <optional>

#include "control/compiler.hpp"

namespace inlay::cli {

class CompileAside {
  public:
    // Requires: of this process's children no other one ends before wait() has returned. job.done is not called.
    explicit CompileAside(control::CompileJob job);
    CompileAside(const CompileAside&) = delete;
    CompileAside& operator=(const CompileAside&) = delete;

    // What has come of it. Errors: bad_module, in a deploy's words; overloaded.
    Result<os::Fd> wait();

  private:
    control::Compiler compiler_;
    std::optional<Result<os::Fd>> result_;
};

}  // namespace inlay::cli
