// Outcome: how an invocation ended. Faults of a guest are alternatives here, never Errors of ours.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "registry/function.hpp"
#include "registry/messages.hpp"
#include "registry/trace.hpp"
#include "run/cost.hpp"
#include "run/piece.hpp"

namespace inlay::run {

// RFC 9110, section 6.4.1: who reads such a response takes what follows its head for the next one.
constexpr bool may_have_content(unsigned status) { return status >= 200 && status != 204 && status != 205 && status != 304; }

struct Response {
    unsigned status = 200;
    std::string fields;  // Whole lines "Name: value\r\n", checked.
    bool has_content_type = false;
    std::vector<Piece> content;

    uint64_t content_bytes() const {
        uint64_t sum = 0;
        for (const auto& piece : content) sum += piece.size();
        return sum;
    }
};

// An effect with its pages, which live until it is committed.
struct StagedEffect {
    registry::Effect effect;
    std::shared_ptr<const os::Pages> pages;
    std::shared_ptr<const os::Pages> like = nullptr;  // The file that got this name, for who stores files; it stays in its process.
};

// A put of this content, by reference where it lies in pages.
StagedEffect staged_put(ObjectName name, std::string content_type, Piece content);

// inlay_handle returned 0: the response counts, the effects are to be committed together.
struct Completed {
    Response response;
    std::vector<StagedEffect> effects;
};
// inlay_handle returned another code.
struct Failed {
    int32_t code = 0;
    std::string limit_met = {};  // The latest, by a call or as it grew; empty: none.
    Response said = {};          // A WASI program's standard output: for who runs it alone. No process tells another one of it.
};
// The guest trapped, wrote to an input, lost its data or ran past its deadline: `error` says which.
struct Trapped {
    Error error;
};
// It did not run.
struct Refused {
    Error error;
};
// Content that is not in memory.
struct ColdRange {
    std::shared_ptr<const os::Pages> pages;
    uint64_t offset = 0;
    uint64_t length = 0;
    bool random = false;  // Only few bytes of it will be read.

    // Whether an invocation waits for it in a worker; else it goes on in a lane, which may wait as it reads.
    bool is_brief() const { return length <= (random ? kReadAheadBytes : kColdBytesMax); }
};
// An express attempt needs more than a worker gives: nothing of it counts, it begins again.
struct Unfinished {
    std::vector<std::shared_ptr<const registry::Object>> opened;  // For the next attempt, which sees the same versions.
    std::optional<ColdRange> cold;                                // It would have waited for a disk; absent: too long, or too large.
};

struct Outcome {
    std::variant<Completed, Failed, Trapped, Refused, Unfinished> how;
    Cost cost;
    registry::LogLines log;  // Also of invocations that did not complete.
    registry::Spans spans;   // Of the calls that it has made, where it is traced; then its own.
};

// Why there is no response. Requires: the invocation did not complete.
Error failure_of(std::string_view function, const Outcome& outcome);

}  // namespace inlay::run
