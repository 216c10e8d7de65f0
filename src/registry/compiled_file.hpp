// The form of a compiled module on disk: its own digest, then the code.
//
//     0                     32
//     | XXH3-128, hex digits | compiled code ... |
//
// Loading code is trusting it: damage is noticed before the engine sees it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "os/mapping.hpp"

namespace inlay::registry {

// The head that goes before this code.
std::string compiled_file_head(std::string_view code);

// The code in a file. Errors: corrupt. Valid until: `file` ends.
Result<std::span<const uint8_t>> code_of_compiled_file(std::span<const uint8_t> file);

// A file of compiled code, mapped. Valid until: it ends.
struct MappedCode {
    os::Mapping file;
    std::span<const uint8_t> code;
};

// Maps a file and checks it. Errors: corrupt, also for an empty file; io_error.
Result<MappedCode> map_compiled_file(int fd);

}  // namespace inlay::registry
