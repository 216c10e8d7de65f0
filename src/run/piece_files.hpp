// In which files pieces lie.
#pragma once

#include <map>
#include <span>

#include "run/piece.hpp"

namespace inlay::run {

// The files of pieces, and how many bytes of each are used.
inline std::map<const os::Pages*, uint64_t> use_of_files(std::span<const Piece> pieces) {
    std::map<const os::Pages*, uint64_t> use;
    for (const auto& piece : pieces)
        if (piece.pages) use[piece.pages.get()] += piece.length;
    return use;
}

}  // namespace inlay::run
