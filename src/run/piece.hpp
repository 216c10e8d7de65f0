// Piece: content on its way, from where it lies.
#pragma once

#include <cstdint>
#include <memory>
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

}  // namespace inlay::run
