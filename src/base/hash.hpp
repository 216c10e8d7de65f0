// Small stable hashes, the same in every process of one build. Not for hostile collisions that would matter.
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

// The finalizer of MurmurHash3: each bit of the value changes half of the result's. With a secret seed nobody can tell what it gives.
constexpr uint64_t mixed(uint64_t value) {
    for (uint64_t factor : {0xff51afd7ed558ccdull, 0xc4ceb9fe1a85ec53ull}) {
        value ^= value >> 33;
        value *= factor;
    }
    return value ^ value >> 33;
}

}  // namespace inlay
