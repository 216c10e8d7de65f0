// Where a trap was, read out of the engine's account of it:
//
//     error while executing at wasm backtrace:
//         0:    0x113 - module!sum
//                         at /src/sum.c:12:5
#pragma once

#include <string>
#include <string_view>

namespace inlay::engine {

// " in sum (sum.c:12)" of the first frame that is the author's: runtimes and libraries that panic and abort lie above it; " in sum" without
// DWARF; empty without names. Text of any kind is taken.
std::string place_of(std::string_view account);

// The account without what the engine advises its own users.
std::string account_of(std::string message);

}  // namespace inlay::engine
