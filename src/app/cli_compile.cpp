// Submits, and takes the one child's end.
#include "app/cli_compile.hpp"

#include <utility>

#include "os/allowance.hpp"
#include "os/process.hpp"
#include "os/sandbox.hpp"

namespace inlay::cli {

CompileAside::CompileAside(control::CompileJob job) : compiler_(os::usable_memory_bytes(), os::sandbox_word(0)) {
    job.done = [this](Result<os::Fd> result) { result_ = std::move(result); };
    compiler_.submit(std::move(job));
}

Result<os::Fd> CompileAside::wait() {
    while (!result_) {
        INLAY_TRY(auto ended, os::wait_for_child());
        compiler_.on_exit(ended);
    }
    return std::move(*result_);
}

}  // namespace inlay::cli
