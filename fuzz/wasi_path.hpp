// What must hold for paths of WASI programs on any bytes: whatever is taken stays below its directory, and has one form only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/check.hpp"
#include "base/limits.hpp"
#include "base/names.hpp"
#include "input_text.hpp"
#include "run/wasi_path.hpp"

namespace inlay::fuzz::wasi_path {

// Whether it goes above its beginning somewhere: counted, where the reader keeps parts.
inline bool leads_out(std::string_view path) {
    long depth = 0;
    for (size_t at = 0; at <= path.size();) {
        const size_t end = std::min(path.find('/', at), path.size());
        const auto part = path.substr(at, end - at);
        if (part == "..")
            depth--;
        else if (!part.empty() && part != ".")
            depth++;
        if (depth < 0) return true;
        at = end + 1;
    }
    return false;
}

inline void check_parts(std::string_view text) {
    for (size_t at = 0; !text.empty() && at <= text.size();) {
        const size_t end = std::min(text.find('/', at), text.size());
        const auto part = text.substr(at, end - at);
        INLAY_CHECK(!part.empty() && part != "." && part != "..");
        at = end + 1;
    }
}

inline void one_input(std::span<const uint8_t> input) {
    using namespace run::wasi;
    const auto given = as_text(input);
    Path path;
    const int32_t code = read_path(given, path);
    const bool can_be_meant = !given.empty() && given.size() <= kWasiPathBytesMax && given.find('\0') == given.npos && is_utf8(given);
    if (!can_be_meant) INLAY_CHECK(code == kNoent || code == kNametoolong || code == kInval || code == kIlseq);
    if (!can_be_meant) return;
    const bool stays = given.front() != '/' && !leads_out(given);
    INLAY_CHECK(code == (stays ? kSuccess : kNotcapable));
    if (!stays) return;
    check_parts(path.text);
    INLAY_CHECK(path.text.size() <= given.size() && is_utf8(path.text));
    INLAY_CHECK(!path.text.empty() || path.is_directory);
    Path again;
    INLAY_CHECK(path.text.empty() || (read_path(path.text, again) == kSuccess && again.text == path.text));
}

}  // namespace inlay::fuzz::wasi_path
