// Runs the WebAssembly core test suite with the settings and the pool of a worker: spec_run DIRECTORY (what tools/spec prints)
//
// Prints each failure, then the counts. Exit code 1 if an assertion fails.
#include <fmt/format.h>

#include <algorithm>

#include "script.hpp"

int main(int count, char** arguments) {
    namespace fs = std::filesystem;
    if (count != 2) return fmt::print(stderr, "usage: spec_run DIRECTORY\n"), 2;
    auto engine = inlay::engine::Engine::create_for_worker({});
    if (!engine) return fmt::print(stderr, "no engine: {}\n", engine.error().detail), 2;

    std::vector<fs::path> scripts;
    for (const auto& entry : fs::recursive_directory_iterator(arguments[1]))
        if (entry.path().filename() == "script.json") scripts.push_back(entry.path().parent_path());
    std::sort(scripts.begin(), scripts.end());

    inlay::spec::Tally tally;
    for (const auto& directory : scripts) inlay::spec::Script(**engine, directory, tally).run();
    for (const auto& failure : tally.failed) fmt::print("FAILED {}\n", failure);
    for (const auto& [reason, skipped] : tally.skipped) fmt::print("skipped {}: {}\n", skipped, reason);
    fmt::print("scripts {}, assertions passed {}, failed {}\n", scripts.size(), tally.passed, tally.failed.size());
    return tally.failed.empty() ? 0 : 1;
}
