// Compiles and loads at once where they do not wait for each other.
#include "app/cli_run_module.hpp"

#include <utility>

#include "app/cli_compile.hpp"
#include "os/file.hpp"
#include "registry/compiled_file.hpp"
#include "run/host_api.hpp"

namespace inlay::cli {
namespace {

using Task = control::CompileJob::Task;

constexpr auto kChecks = engine::Checks::none;

control::CompileJob job_of(const store::FunctionRecord& record, Input module, Task task) {
    return {record.name, std::move(module.file), module.size, record.limits.memory_bytes, kChecks, task, {}};
}

// What the module is once it has been initialised.
Result<Input> snapshot_of(const store::FunctionRecord& record, Input module) {
    CompileAside initialising(job_of(record, std::move(module), Task::initialise));
    Input snapshot;
    INLAY_TRY(snapshot.file, initialising.wait());
    INLAY_TRY(auto status, os::status(snapshot.file.get()));
    snapshot.size = status.size;
    return snapshot;
}

}  // namespace

Result<LoadedFunction> load_function(store::FunctionRecord record, Input module) {
    if (record.warm) {
        INLAY_TRY(module, snapshot_of(record, std::move(module)));
    }
    CompileAside compiling(job_of(record, std::move(module), Task::compile));
    LoadedFunction loaded;
    INLAY_TRY(loaded.engine, engine::Engine::create_for_lane(run::host_functions(), kChecks));
    INLAY_TRY(auto file, compiling.wait());
    INLAY_TRY(auto mapped, registry::map_compiled_file(file.get()));
    INLAY_TRY(loaded.function.program, engine::Program::load(*loaded.engine, mapped.code));
    loaded.function.record = std::move(record);
    return loaded;
}

}  // namespace inlay::cli
