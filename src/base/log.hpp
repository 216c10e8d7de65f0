// Where our own log lines go: stderr, one line each, tagged with the kind and id of the process.
#pragma once

#include <spdlog/spdlog.h>

#include <string_view>

namespace inlay {

// Call once at the start of a process. `kind` is the process's name, for example "inlay-worker".
void start_log(std::string_view kind);

}  // namespace inlay
