// Asks the kernel for its bound.
#include "os/mapping_budget.hpp"

#include <cstdlib>

#include "os/file.hpp"

namespace inlay::os {
namespace {

constexpr size_t kDefault = 65'530;  // The kernel's own, where /proc does not tell.

}  // namespace

size_t mappings_max() noexcept {
    auto opened = open_if_present(-1, "/proc/sys/vm/max_map_count");
    if (!opened.ok() || !*opened) return kDefault;
    auto text = read_all((**opened).get(), 64);
    size_t told = text.ok() ? std::strtoull(text->c_str(), nullptr, 10) : 0;
    return told > 0 ? told : kDefault;
}

}  // namespace inlay::os
