// What `inlay doctor` looks at, one thing at a time.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace inlay::cli {

enum class Verdict {
    good,
    could_be_better,  // Inlay works; something would be faster or larger.
    wrong,            // Inlay does not work here, or not safely.
};

// A setting of the running kernel: gone with the next boot.
struct Setting {
    std::string path;
    std::string value;
};

struct Finding {
    std::string name;
    Verdict verdict = Verdict::good;
    std::string in_force;           // What there is.
    std::string gain = {};          // Of anything but `good`: what would be had.
    std::string remedy = {};        // And how.
    std::optional<Setting> fix = {};  // Where that can be done while the machine runs.
};

// `data_directory`: the server's; empty: what concerns its filesystem is left out. A few files of 4 MiB are made there, without names.
std::vector<Finding> examine_machine(const std::string& data_directory);

// "good", "could be better", "wrong".
std::string_view text_of(Verdict verdict);

}  // namespace inlay::cli
