// Call: one function that another one wants to run, and what is heard of it when it runs elsewhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "run/outcome.hpp"
#include "run/piece.hpp"
#include "run/request.hpp"

namespace inlay::run {

struct Call {
    uint64_t id = 0;  // In logs.
    std::string name;
    std::string query;
    std::vector<Piece> inputs;
};

// What the callee sees. Valid until: the call or the path ends.
inline Request request_of_call(const Call& call, std::string_view path, std::vector<Piece> inputs) {
    Request request;
    request.method = "POST";
    request.path = path;
    request.query = call.query;
    request.is_call = true;
    request.inputs = std::move(inputs);
    return request;
}

// What the caller has left for it.
struct CallTerms {
    uint64_t deadline_ns = 0;
    unsigned depth = 0;
    uint64_t calls = 0;  // That it may make.
    registry::TraceId trace{};
    uint64_t parent = 0;  // The caller's id.
};

// Of a call that was handed over. No outcome: nobody has begun it; it is the caller's again.
struct CallNews {
    std::optional<Outcome> outcome;
};

// A call that was spawned.
struct Child {
    Call call;
    bool is_away = false;     // Handed over.
    bool only_away = false;   // It cannot run in the caller's process.
    bool was_waited_for = false;
    std::optional<Outcome> outcome;
};

}  // namespace inlay::run
