// What `inlay serve` is told, by a file and by the command line; the command line wins.
#pragma once

#include <string>

#include "base/result.hpp"
#include "control/options.hpp"

namespace inlay {

// Adds what a TOML file says to `options`. Keys: listen, data, workers, token_file, max_body, body_memory, hot_memory, send,
// link_roots; unknown keys are errors, so that a misspelt limit is noticed. Sizes are integers of bytes.
Result<> read_config(const std::string& path, control::ServeOptions& options, std::string& token_file);

// The one token in a file: its first line. Errors: unreadable, empty, control bytes or blanks inside.
Result<std::string> read_token(const std::string& path);

}  // namespace inlay
