// A small stable hash for names: the same in every process of one build. Not for hostile collisions that would matter.
#pragma once

#include <cstdint>
#include <string_view>

namespace inlay {

// FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/
constexpr uint64_t fnv1a(std::string_view text, uint64_t seed = 0xcbf29ce484222325u) {
    uint64_t hash = seed;
    for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    return hash;
}

}  // namespace inlay
