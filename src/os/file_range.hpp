// FileRange: where bytes lie. The word in which store, engine and connection speak to each other.
#pragma once

#include <cstdint>

namespace inlay::os {

// [offset, offset + length) of an open file or memfd. Borrowed: whoever hands it out says how long `fd` stays open.
struct FileRange {
    int fd = -1;
    uint64_t offset = 0;
    uint64_t length = 0;
};

}  // namespace inlay::os
