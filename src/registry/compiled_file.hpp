// The form of a compiled module on disk: its own digest, how it takes bodies, then the code.
//
//     0                      32                         40
//     | XXH3-128, hex digits | "streams\n", "whole..\n" | compiled code ... |
//
// Loading code is trusting it: damage is noticed before the engine sees it. How it takes bodies can be asked for without loading it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "os/mapping.hpp"

namespace inlay::registry {

// Whether a function can have its body, or give its response, piece by piece.
enum class BodyWay : uint8_t { whole, streams };

// The head that goes before this code.
std::string compiled_file_head(std::string_view code, BodyWay way = BodyWay::whole);

// What the head of a file says. Errors: corrupt.
Result<BodyWay> body_way_of_compiled_file(int fd);

// The code in a file. Errors: corrupt. Valid until: `file` ends.
Result<std::span<const uint8_t>> code_of_compiled_file(std::span<const uint8_t> file);

// A file of compiled code, mapped. Valid until: it ends.
struct MappedCode {
    os::Mapping file;
    std::span<const uint8_t> code;
    BodyWay way = BodyWay::whole;
};

// Maps a file and checks it. Errors: corrupt, also for an empty file; io_error.
Result<MappedCode> map_compiled_file(int fd);

}  // namespace inlay::registry
