// Appends and cuts.
#include "control/function_log.hpp"

#include "base/limits.hpp"

namespace inlay::control {
namespace {

size_t bytes_of(const LogLine& line) { return sizeof line + line.invocation.size() + line.trace.size() + line.text.size(); }

}  // namespace

void FunctionLogs::append(const registry::LogLines& lines, uint64_t wall_ms) {
    if (!by_function_.contains(lines.function) && by_function_.size() >= kFunctionsMax) return;
    auto& log = by_function_[lines.function];
    for (const auto& line : lines.lines) {
        log.push_back({++sequence_, wall_ms, line.level, lines.invocation, lines.trace, line.text});
        bytes_ += bytes_of(log.back());
        // Who writes more than there is room for loses its own oldest lines, not those of others.
        while (log.size() > kLogLinesPerFunctionMax || (bytes_ > kLogBytesMax && !log.empty())) {
            bytes_ -= bytes_of(log.front());
            log.pop_front();
        }
    }
}

void FunctionLogs::forget(const std::string& function) {
    auto found = by_function_.find(function);
    if (found == by_function_.end()) return;
    for (const auto& line : found->second) bytes_ -= bytes_of(line);
    by_function_.erase(found);
}

std::vector<const LogLine*> FunctionLogs::lines_after(const std::string& function, uint64_t after) const {
    std::vector<const LogLine*> lines;
    auto found = by_function_.find(function);
    if (found == by_function_.end()) return lines;
    for (const auto& line : found->second)
        if (line.sequence > after) lines.push_back(&line);
    return lines;
}

}  // namespace inlay::control
