// What this process may use of its machine: what the machine has, or what the control groups that it is in leave it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace inlay::os {

// Bytes of memory, page cache included, for all processes of our group. `root`: where proc and sys lie, for tests.
uint64_t usable_memory_bytes(const std::string& root = "");

// Processors that can be busy at once: those that this process may run on, or the parts of them that its quota comes to, rounded up.
size_t usable_processors(const std::string& root = "");

}  // namespace inlay::os
