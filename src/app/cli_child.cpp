// Files in memory stand for the child's outputs.
#include "app/cli_child.hpp"

#include <csignal>

#include "app/cli_answer.hpp"
#include "app/cli_failure.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"
#include "os/process.hpp"

namespace inlay::cli {

ChildOutput run_own_command(const std::vector<std::string>& arguments, const std::string& directory) {
    auto output = need(os::create_memfd("inlay-output", 0));
    auto errors = need(os::create_memfd("inlay-errors", 0));
    os::ChildPlan plan;
    plan.arguments = arguments;
    plan.output = output.get();
    plan.errors = errors.get();
    plan.directory = directory;
    plan.signal_at_our_end = SIGKILL;
    auto ended = need(os::wait_for(need(os::spawn_self(plan))));
    ChildOutput said;
    said.exit_code = ended.signalled ? 128 + ended.status : ended.status;
    said.output = need(os::read_from_start(output.get(), kDocumentContentBytesMax));
    said.errors = need(os::read_from_start(errors.get(), kDocumentContentBytesMax));
    return said;
}

}  // namespace inlay::cli
