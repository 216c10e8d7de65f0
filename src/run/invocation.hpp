// Invocation: everything that one running guest has: sources, windows, response, staged effects, log lines, cost.
//
// The host functions (host_*.cpp) work on it; the executor makes it, runs the guest and takes it apart. It lives on one
// thread for one call. Nothing here outlives it but what the outcome carries away with pins.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "engine/instance.hpp"
#include "registry/function.hpp"
#include "run/outcome.hpp"
#include "run/request.hpp"
#include "run/supply.hpp"
#include "run/terms.hpp"

namespace inlay::run {
namespace wasi {
class State;
}

// Something with bytes: the body, an object, an input of a call or a piece of its result.
struct Source {
    std::string_view inline_bytes;           // Few bytes: no pages.
    std::shared_ptr<const void> owner;       // Of these, where they are the source's own.
    std::shared_ptr<const os::Pages> pages;  // [offset, offset + length) of them is the source: what lies around it is not for the guest.
    uint64_t offset = 0;
    uint64_t length = 0;
    std::string name;                        // For messages: "the request body", "object b/k".
    bool closed = false;

    uint64_t size() const { return pages ? length : inline_bytes.size(); }
};
// All of these pages.
Source source_of(std::shared_ptr<const os::Pages> pages, std::string name);
// A piece that is not lent.
Source source_of(Piece piece, std::string name);

enum class WindowKind { input, output, handed_over, private_, copied, ring };  // handed_over: an output that others have, and that is final.

// A window that the guest holds: [address, address + length) of its memory.
struct Window {
    WindowKind kind = WindowKind::input;
    uint32_t source = 0;                     // Of all but outputs: what it shows,
    uint32_t flags = 0;                      // and how (inlay_map_flags).
    size_t area = 0;
    uint64_t length = 0;
    std::shared_ptr<const os::Pages> pages;  // Of all but copied ones: where its bytes lie, from `offset`.
    uint64_t offset = 0;
    std::string name;

    // Whether its file's pages are what leaves when it is responded or published. Of a private one the guest's changes would be
    // lost, and a ring will hold other bytes by then.
    bool leaves_by_reference() const { return kind == WindowKind::input || is_output(); }
    bool is_output() const { return kind == WindowKind::output || kind == WindowKind::handed_over; }
    bool is_read_only() const { return kind == WindowKind::input || kind == WindowKind::handed_over || kind == WindowKind::ring; }
    // Whether they are what leaves when it is sent, which is now.
    bool sends_by_reference() const { return leaves_by_reference() || kind == WindowKind::ring; }
};

struct Invocation {
    Invocation(const registry::Function& running, const Request& request_given, Supply& supply_given, const Terms& terms_given)
        : function(running), request(request_given), supply(supply_given), terms(terms_given) {
        cost.copied.body_head = request.body.copied;
    }

    const registry::Function& function;
    const Request& request;
    Supply& supply;
    const Terms& terms;
    engine::LinearMemory* memory = nullptr;  // Set while the guest runs and can be reached.
    engine::Instance* instance = nullptr;    // The same, where it runs without a fiber.
    uint64_t began_ns = 0;
    uint64_t interrupt_ns = 0;               // When its guest is; 0: it is not.
    Tree own_tree{terms.calls_max};          // Where it runs inside of no caller.

    std::vector<Source> sources;           // [0] is the body, once asked for; of a call all of its inputs.
    size_t closed_sources = 0;
    std::vector<std::shared_ptr<const registry::Object>> opened;  // In an express attempt, for the next one.
    std::map<uint64_t, Window> windows;    // By address.
    std::optional<ColdRange> cold;         // What an attempt in a worker stopped or waits for.
    uint64_t output_bytes = 0;
    std::vector<std::shared_ptr<const os::Pages>> outputs;
    Response response;
    size_t response_headers = 0;
    size_t log_lines = 0;
    uint64_t log_bytes = 0;
    bool responded = false;
    bool sent = false;                                // Some of the response, or at least its head.
    bool is_sending = false;                          // A call of `send` waits until its content is gone.
    uint64_t exchanges = 0;                           // Pieces taken and parts sent.
    std::optional<int32_t> body_end_code;             // What `receive` gives from now on: the stream's body has ended or failed.
    std::optional<int32_t> part_code;                 // What the latest part of a stream that was sent has come to.
    bool waits = false;                               // Its fiber does, for `cold` or its stream, in the host function that said so.
    std::optional<uint32_t> receive_window;           // What `receive` shows its pieces in.
    uint64_t received_bytes = 0;
    std::shared_ptr<const os::Pages> staging;         // What is sent of the guest's own memory leaves from here.
    std::string limit_name;                           // Of the latest limit that was met,
    uint64_t limit_bound = 0;                         // and its value, if it has one of its own,
    bool limit_is_own = false;                        // which the deploy says.
    std::vector<StagedEffect> effects;
    std::vector<Child> children;                      // By number.
    std::vector<size_t> away;                         // Of them: handed over.
    size_t first_here = 0;                            // All before it were, once.
    size_t waited_for = 0;
    registry::LogLines log;
    registry::Spans spans;                            // Of its calls, where it is traced.
    std::shared_ptr<wasi::State> wasi;                // Once it has called a function of WASI.
    Cost cost;

    // The first sources are the request's: before any other is added, and before any is looked at.
    void begin_sources();
    // Opens an object as one more source. Requires: there is room for it; begin_sources(). Errors: of Supply::get_object.
    Result<uint32_t> open_source(const ObjectName& name);
    // Its number stands for nothing from now on.
    void close_source(uint32_t source);
    // The window that holds the whole range, with its address.
    std::optional<std::pair<uint64_t, const Window*>> window_of(uint64_t address, uint64_t length) const;
    // Adds a line to the function's log, cut to its limit. False: it has all it may have.
    bool add_log(uint64_t level, std::string_view text);
    // Adds the account of how it ended, which is worth more than one more line.
    void add_last_log(uint64_t level, std::string_view text);
    std::string id_text() const;
    // Remembers which bound a call met; gives what the guest is told, which is INLAY_E_LIMIT and no more.
    int32_t meet(std::string_view limit, uint64_t bound = 0);
    // The same for a limit of the function's own.
    int32_t meet(uint64_t FunctionLimits::*limit);
    const FunctionLimits& limits() const { return function.record.limits; }
    Tree& tree() { return terms.tree ? *terms.tree : own_tree; }
    bool has_room_for_sources(size_t count) const {
        return sources.size() - closed_sources + count <= kSourcesMax && sources.size() + count <= kSourceIdsMax;
    }
    // Of the two that say no there the one that did. Gives INLAY_E_LIMIT.
    int32_t meet_sources_limit() { return sources.size() < kSourceIdsMax ? meet("kSourcesMax", kSourcesMax) : meet("kSourceIdsMax", kSourceIdsMax); }
    // "kRangesMax = 1024", or "windows = 8 (...)" with what to do, the latest that was met; empty: none was.
    std::string limit_met() const;
    // What the last fault means for this guest, or nothing when there was none in a window.
    std::optional<Error> explain_fault() const;
    // False: something has come or gone that cannot be had again.
    bool may_begin_again() const { return exchanges == 0 && !sent; }
    // Where the client asked for it.
    void count_private_pages();
};

// 16 hex digits; from the second attempt on with its number: "00000000000000a1.2".
std::string invocation_id_text(const Terms& terms);

}  // namespace inlay::run
