// Piece: content on its way, from where it lies.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "os/pages.hpp"

namespace inlay::run {

// A piece of content: bytes of our own, a range of pages, or what a guest lends while it waits for it to be sent.
struct Piece {
    std::string bytes;
    std::shared_ptr<const os::Pages> pages;  // nullptr: the piece is text().
    uint64_t offset = 0;
    uint64_t length = 0;
    std::string_view lent;

    std::string_view text() const { return lent.data() ? lent : std::string_view(bytes); }
    uint64_t size() const { return pages ? length : text().size(); }
};

// Whether some of these bytes are not what they were.
inline bool any_lost(std::span<const Piece> pieces) {
    return std::any_of(pieces.begin(), pieces.end(), [](const Piece& piece) { return piece.pages && piece.pages->lost(); });
}

}  // namespace inlay::run
