// Compiles and loads at once where they do not wait for each other.
#include "app/cli_run_module.hpp"

#include "control/compiler.hpp"
#include "os/allowance.hpp"
#include "os/sandbox.hpp"
#include "registry/compiled_file.hpp"
#include "run/host_api.hpp"

namespace inlay::cli {

Result<LoadedFunction> load_function(store::FunctionRecord record, Input module) {
    constexpr auto kChecks = engine::Checks::none;
    std::optional<Result<os::Fd>> compiled;
    control::Compiler compiler(os::usable_memory_bytes(), os::sandbox_word(0));
    compiler.submit({record.name, std::move(module.file), module.size, record.limits.memory_bytes, kChecks, control::CompileJob::Task::compile,
                     [&](Result<os::Fd> result) { compiled = std::move(result); }});
    LoadedFunction loaded;
    INLAY_TRY(loaded.engine, engine::Engine::create_for_lane(run::host_functions(), kChecks));
    while (!compiled) {
        INLAY_TRY(auto ended, os::wait_for_child());
        compiler.on_exit(ended);
    }
    INLAY_TRY(auto file, std::move(*compiled));
    INLAY_TRY(auto mapped, registry::map_compiled_file(file.get()));
    INLAY_TRY(loaded.function.program, engine::Program::load(*loaded.engine, mapped.code));
    loaded.function.record = std::move(record);
    return loaded;
}

}  // namespace inlay::cli
