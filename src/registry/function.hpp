// Function: what a worker needs to run one: limits, environment, the loaded program, and what it has learned.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "engine/program.hpp"
#include "os/fd.hpp"
#include "os/pages.hpp"
#include "store/records.hpp"

namespace inlay::registry {

// What a worker has learned from running a function: whether its invocations are too long for it. Times are coarse_ms().
//
// After an overrun invocations begin in lanes for a while; one that overruns soon after that makes the next while twice as long. What is
// new, or has overrun, is trusted again only after a run that ended in time.
class Tendency {
  public:
    bool is_heavy(uint64_t now_ms) const { return now_ms < heavy_until_ms_; }
    bool is_trusted(uint64_t now_ms) const { return ends_in_time_ && !is_heavy(now_ms); }
    // The more often it has overrun soon after an overrun, the more.
    uint64_t rank() const { return heavy_ms_; }
    void note_overrun(uint64_t now_ms);
    void note_in_time() { ends_in_time_ = true; }
    // An invocation in a lane has ended. A row of short ones ends the while early, and one is in time.
    void note_lane_run(uint64_t run_us);

  private:
    uint64_t heavy_until_ms_ = 0;
    uint64_t heavy_ms_ = 0;  // Length of the latest while.
    unsigned short_runs_ = 0;
    bool ends_in_time_ = false;
};

// How long a function had lanes, the longer ago the less it counts. Times are coarse_ms().
class LaneTime {
  public:
    void add(uint64_t now_ms, uint64_t ran_us);
    uint64_t recent_us(uint64_t now_ms) const;

  private:
    uint64_t us_ = 0;
    uint64_t at_ms_ = 0;
};

// Code without epoch checks, for lanes: there once a worker has needed it.
struct UncheckedCode {
    os::Fd file;
    bool asked_for = false;
};

struct Plan;

struct Function {
    store::FunctionRecord record;
    uint32_t account = 0;  // Where in the shared state it is accounted for.
    std::shared_ptr<const engine::Program> program;  // nullptr of an isolated one: its code is in its lanes only; and of a pipeline.
    os::Fd compiled;  // The file of that program: lanes load it too, until there is unchecked code.
    bool streams = false;  // It can take its body, or give its response, piece by piece.
    bool calls = false;    // It can call others.
    std::shared_ptr<const Plan> plan;  // Of a pipeline.
    // Change, where all else is fixed.
    std::unique_ptr<Tendency> tendency = std::make_unique<Tendency>();
    std::unique_ptr<Tendency> stream_tendency = std::make_unique<Tendency>();  // By piece: long bodies are no sign.
    std::unique_ptr<LaneTime> lane_time = std::make_unique<LaneTime>();
    std::unique_ptr<UncheckedCode> unchecked = std::make_unique<UncheckedCode>();
    uint64_t mark = 0;  // Tells in shared memory that it runs (mark_of_version).

    // A variable given at deploy.
    std::optional<std::string_view> environment(std::string_view name) const;
};

// One version of an object, open: its bytes cannot change or go away while somebody holds this. Those of a linked file can: then
// the pages are `lost` before.
struct Object {
    store::ObjectRecord record;
    os::Pages pages;
    std::shared_ptr<void> hold;  // Of a linked file: tells the supervisor when it ends.
};

// Why nothing comes of what read a linked object that is lost.
Error changed_error();

// The object's pages; they keep it alive.
inline std::shared_ptr<const os::Pages> pages_of(std::shared_ptr<const Object> object) {
    const os::Pages* pages = &object->pages;
    return {std::move(object), pages};
}

}  // namespace inlay::registry
