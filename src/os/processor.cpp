// Reads the feature flags that the kernel lists.
#include "os/processor.hpp"

#include <fstream>

#include "base/hash.hpp"

namespace inlay::os {
std::string processor_features_digest() {
    std::ifstream cpuinfo("/proc/cpuinfo");
    std::string line, features;
    while (features.empty() && std::getline(cpuinfo, line))
        if (line.starts_with("flags") || line.starts_with("Features")) features = line;
    static constexpr char kHex[] = "0123456789abcdef";
    std::string text(16, '0');
    uint64_t hash = fnv1a(features);
    for (size_t i = 0; i < text.size(); i++) text[i] = kHex[(hash >> (60 - 4 * i)) & 15];
    return text;
}

}  // namespace inlay::os
