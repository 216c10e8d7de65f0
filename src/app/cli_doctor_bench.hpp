// The short form of the benchmark: what Inlay does on this machine, beside the same done natively in the same run.
#pragma once

#include <string>
#include <vector>

namespace inlay::cli {

struct Figure {
    std::string name;
    std::string unit;
    std::string native_is;        // What stands beside it.
    double ours = 0;
    double native = 0;
    bool more_is_better = false;  // A rate, not a time.
    std::string missing = {};     // Why there is no figure; empty: there is.

    // Our speed as a part of the native one.
    double ratio() const {
        if (!missing.empty()) return 0;
        return more_is_better ? ours / native : native / ours;
    }
};

// Takes half a minute at most. `parent`: where the directory for it is made; empty: where temporary files go. Throws Failure.
std::vector<Figure> measure_machine(const std::string& parent);

}  // namespace inlay::cli
