// Outcome: how an invocation ended. Faults of a guest are alternatives here, never Errors of ours.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "os/fd.hpp"
#include "os/file_range.hpp"
#include "registry/function.hpp"
#include "registry/messages.hpp"
#include "run/cost.hpp"

namespace inlay::run {

// A piece of response content: bytes of our own, or a range of pages kept alive by `pin`.
struct Piece {
    std::string bytes;
    os::FileRange range;  // length 0: the piece is `bytes`.
    std::shared_ptr<const void> pin;

    uint64_t size() const { return range.length ? range.length : bytes.size(); }
};

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

// An effect with what keeps its pages alive until it is committed.
struct StagedEffect {
    registry::Effect effect;
    std::shared_ptr<const void> pin;
};

// inlay_handle returned 0: the response counts, the effects are to be committed together.
struct Completed {
    Response response;
    std::vector<StagedEffect> effects;
};
// inlay_handle returned another code.
struct Failed {
    int32_t code = 0;
};
// The guest trapped, wrote to an input, lost its data or ran past its deadline: `error` says which.
struct Trapped {
    Error error;
};
// It did not run.
struct Refused {
    Error error;
};
// An express attempt needs more than a worker gives: nothing of it counts, it begins again in a lane.
struct Unfinished {
    std::vector<std::shared_ptr<const registry::Object>> opened;  // For the next attempt, which sees the same versions.
};

struct Outcome {
    std::variant<Completed, Failed, Trapped, Refused, Unfinished> how;
    Cost cost;
    registry::LogLines log;  // Also of invocations that did not complete.
};

}  // namespace inlay::run
