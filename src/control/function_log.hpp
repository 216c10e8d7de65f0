// FunctionLogs: the latest log lines of each function, in memory.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>

#include "registry/messages.hpp"

namespace inlay::control {

struct LogLine {
    uint64_t sequence = 0;  // Rises over all functions; never reused.
    uint64_t wall_ms = 0;
    uint64_t level = 0;
    std::string invocation;
    std::string trace;  // Empty: it was not traced.
    std::string text;
};

class FunctionLogs {
  public:
    // Keeps at most kLogLinesPerFunctionMax lines of each function; the oldest go first.
    void append(const registry::LogLines& lines, uint64_t wall_ms);
    void forget(const std::string& function);
    // Lines past `after`, oldest first. Valid until: the next call that changes the log.
    std::vector<const LogLine*> lines_after(const std::string& function, uint64_t after) const;
    uint64_t last_sequence() const { return sequence_; }

  private:
    uint64_t sequence_ = 0;
    size_t bytes_ = 0;  // Of all lines; at most kLogBytesMax.
    std::unordered_map<std::string, std::deque<LogLine>> by_function_;
};

}  // namespace inlay::control
