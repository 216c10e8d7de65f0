// Part by part.
#include "run/wasi_path.hpp"

#include <algorithm>
#include <vector>

#include "base/limits.hpp"
#include "base/names.hpp"

namespace inlay::run::wasi {

int32_t read_path(std::string_view given, Path& path) {
    if (given.empty()) return kNoent;
    if (given.size() > kWasiPathBytesMax) return kNametoolong;
    if (given.find('\0') != given.npos) return kInval;
    if (!is_utf8(given)) return kIlseq;
    if (given.front() == '/') return kNotcapable;
    std::vector<std::string_view> parts;
    path.is_directory = given.back() == '/';
    while (!given.empty()) {
        auto part = given.substr(0, given.find('/'));
        given.remove_prefix(std::min(given.size(), part.size() + 1));
        if (part == ".." && parts.empty()) return kNotcapable;
        if (part == "..") parts.pop_back();
        const bool is_name = !part.empty() && part != "." && part != "..";
        if (is_name) parts.push_back(part);
        if (given.empty() && !is_name) path.is_directory = true;
    }
    path.text.clear();
    for (auto part : parts) {
        if (!path.text.empty()) path.text += '/';
        path.text += part;
    }
    return kSuccess;
}

}  // namespace inlay::run::wasi
