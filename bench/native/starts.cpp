// What an invocation costs before its function has done anything: instantiate, initialise, call and drop, by module.
//
//     starts FILE.wasm...   commands, each answered by the mean nanoseconds of N rounds:
//         cold N I             of module I, counted from 0
//         warm N I             of what it is after it was initialised once
#include <fmt/format.h>

#include <map>
#include <vector>

#include "commands.hpp"
#include "run/initialise.hpp"
#include "run/trial.hpp"

namespace {

using namespace inlay;
using bench::require;

class Bench {
  public:
    Bench(int count, char** paths) {
        for (int i = 0; i < count; i++) {
            auto file = os::open_file(paths[i]);
            require(file.ok(), paths[i]);
            modules_.push_back(os::read_all(file->get(), kModuleBytesMax).value());
        }
        run::workshop();  // Before any other engine of this process.
    }

    uint64_t start(uint64_t rounds, uint64_t index, bool is_warm) {
        auto program = program_of(index, is_warm);
        uint64_t began_ns = monotonic_ns();
        for (uint64_t i = 0; i < rounds; i++) require(std::holds_alternative<run::Completed>(trial_.run_program(program).how), "a no-op");
        return (monotonic_ns() - began_ns) / rounds;
    }

  private:
    std::shared_ptr<const engine::Program> program_of(uint64_t index, bool is_warm) {
        require(index < modules_.size(), "there is a module of this number");
        auto& program = programs_[{index, is_warm}];
        if (program) return program;
        std::string module = modules_[index];
        if (is_warm) {
            static auto engine = engine::Engine::create_for_start(run::host_functions()).value();
            module = run::initialise(*engine, engine::bytes_of(module), kMemoryBytesDefault).value();
        }
        return program = run::workshop().program(module);
    }

    std::vector<std::string> modules_;
    run::Trial trial_;
    std::map<std::pair<uint64_t, bool>, std::shared_ptr<const engine::Program>> programs_;
};

}  // namespace

int main(int argc, char** argv) {
    require(argc >= 2, "usage: starts FILE.wasm...");
    Bench measured(argc - 1, argv + 1);
    auto start = [&](bool is_warm) {
        return [&measured, is_warm](uint64_t rounds, uint64_t index) { return std::to_string(measured.start(rounds, index, is_warm)); };
    };
    bench::serve_commands({{"cold", start(false)}, {"warm", start(true)}});
}
