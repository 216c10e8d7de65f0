// Project: what inlay.toml in a function's directory says: how it is built, how it is deployed, and the cases it must pass.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/cli_functions.hpp"
#include "base/result.hpp"

namespace inlay::cli {

inline constexpr std::string_view kProjectFile = "inlay.toml";
inline constexpr size_t kProjectBytesMax = size_t{256} << 10;
inline constexpr size_t kProjectCasesMax = 1000;
inline constexpr size_t kProjectPairsMax = 256;  // Names with values in one table.

using Pairs = std::vector<std::pair<std::string, std::string>>;

// One request, and what must come of it. Files are named as inlay.toml names them: from its directory.
struct ProjectCase {
    std::string name;
    unsigned line = 0;                       // Where it stands.
    std::string method;                      // Empty: POST with a body, GET without.
    std::string path;                        // Behind /f/NAME; empty, or begins with "/".
    Pairs query, headers, objects;           // Objects: BUCKET/KEY with its file.
    std::vector<std::string> directories;    // NAME=PATH or NAME=PATH:ro, of a WASI program,
    std::vector<std::string> arguments;      // and its arguments.
    std::optional<std::string> body, body_file;
    uint64_t expect_status = 200;
    std::optional<std::string> expect_body, expect_body_file;
    std::vector<std::string> expect_contains;
    Pairs expect_headers;
    std::optional<uint64_t> copied_max;      // Bytes.
    std::optional<uint64_t> time_ms_max;     // Of making the instance and running it.
};

struct Project {
    std::string directory;                   // Where inlay.toml lies.
    std::string name;                        // The function's.
    std::string lang;
    std::string build_command;               // For /bin/sh, in `directory`.
    std::string module;                      // What it makes, from `directory`.
    DeployOptions deploy;
    std::vector<ProjectCase> cases;

    std::string path_of(const std::string& file) const { return directory + "/" + file; }
};

// The languages that a project can be in, as `--lang` and `lang` write them.
inline constexpr std::string_view kProjectLanguages[] = {"c", "cpp", "rust", "go", "ts"};

// Errors: bad_request, "line N: ...".
Result<Project> parse_project(std::string_view text);

// Reads DIR/inlay.toml. Throws Failure (wrong use) with what to do.
Project read_project(const std::string& directory);

}  // namespace inlay::cli
