// Paths of WASI programs, which begin at a descriptor of a directory and may never leave it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "run/wasi_abi.hpp"

namespace inlay::run::wasi {

struct Path {
    std::string text;            // Below the directory, without ".", ".." and empty parts; empty: the directory itself.
    bool is_directory = false;   // It ends with a slash, or in "." or "..": nothing else can be meant.
};

// There are no symbolic links: ".." is what stands before it. Errors: noent: it is empty; notcapable: it is absolute, or leads out; ilseq: it is no
// UTF-8; inval: it holds a NUL; nametoolong.
int32_t read_path(std::string_view given, Path& path);

}  // namespace inlay::run::wasi
