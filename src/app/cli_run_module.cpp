// Compiles and loads at once where they do not wait for each other.
#include "app/cli_run_module.hpp"

#include "app/cli_compile.hpp"
#include "registry/compiled_file.hpp"
#include "run/host_api.hpp"

namespace inlay::cli {

Result<LoadedFunction> load_function(store::FunctionRecord record, Input module) {
    constexpr auto kChecks = engine::Checks::none;
    CompileAside compiling({record.name, std::move(module.file), module.size, record.limits.memory_bytes, kChecks, control::CompileJob::Task::compile, {}});
    LoadedFunction loaded;
    INLAY_TRY(loaded.engine, engine::Engine::create_for_lane(run::host_functions(), kChecks));
    INLAY_TRY(auto file, compiling.wait());
    INLAY_TRY(auto mapped, registry::map_compiled_file(file.get()));
    INLAY_TRY(loaded.function.program, engine::Program::load(*loaded.engine, mapped.code));
    loaded.function.record = std::move(record);
    return loaded;
}

}  // namespace inlay::cli
