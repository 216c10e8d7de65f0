// The files that `inlay new` writes, as the build has put them into this program: see cmake/embedded_sdk.cmake.
#pragma once

#include <span>
#include <string_view>

namespace inlay::cli {

struct EmbeddedFile {
    std::string_view path;     // In the source tree: "sdk/c/inlay_sdk.h".
    std::string_view content;
};

// By path.
std::span<const EmbeddedFile> embedded_files();

}  // namespace inlay::cli
