// Supply: what an invocation may ask of the world while it runs: objects by name, and pages for its outputs.
//
// In a worker the answers come from its tables and its budget; in a lane they come from its worker, by message.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"
#include "os/pages.hpp"
#include "registry/function.hpp"
#include "run/call.hpp"

namespace inlay::run {

// A function that may be called now.
struct Callee {
    std::shared_ptr<const registry::Function> function;
    std::shared_ptr<void> hold;  // Until its call has ended.
};

// A call that has ended.
struct CallEnd {
    const registry::Function& caller;
    const registry::Function& function;
    const Outcome& outcome;
};

// Some of the keys of a bucket that begin with a prefix, in their order.
struct KeyPage {
    std::vector<std::string> keys;
    std::string next;  // Behind which the next ones stand; empty: these were the last.
};

class Supply {
  public:
    virtual ~Supply() = default;

    // A function by name, for one call of it, and the number of that in logs. Errors: function_not_found, function_over_limit, function_quarantined,
    // not_implemented: not from here; overloaded, draining.
    virtual Result<Callee> admit(std::string_view, uint64_t) { return Error{Errc::function_not_found, "there are no other functions here"}; }
    // What was admitted last has run: its account and its log are its own. Requires: it is still held.
    virtual void note_call(const CallEnd&) {}

    // Hands a call over, to be run beside its caller. False: not now, or never; `must`: it can run nowhere else.
    virtual bool hand_over(const Call&, const CallTerms&, bool) { return false; }
    // Takes what has come of such calls, without waiting.
    virtual void look_for_news() {}
    // News of one of them, if there are any.
    virtual std::optional<CallNews> take_news(uint64_t) { return std::nullopt; }
    // Waits until there are news of some call. False: there will be none any more.
    virtual bool await_news() { return false; }
    // Nobody waits for it any more.
    virtual void drop_call(uint64_t) {}

    // The object at its current version. Errors: object_not_found, draining, overloaded, io_error.
    virtual Result<std::shared_ptr<const registry::Object>> get_object(const ObjectName& name) = 0;

    // How large it is now; nothing of it is held. Errors: the same.
    virtual Result<uint64_t> get_size(const ObjectName& name) {
        INLAY_TRY(auto object, get_object(name));
        return object->pages.size();
    }

    // Of those behind `after`, kSupplyKeysMax at most. Errors: not_implemented: not from here; bucket_not_found, draining, io_error.
    virtual Result<KeyPage> list_keys(std::string_view, std::string_view, std::string_view) { return Error{Errc::not_implemented, "keys are listed in lanes only"}; }

    // Whether the guest can read that range now without waiting for a disk, or may wait.
    virtual bool may_read(const std::shared_ptr<const os::Pages>& pages, uint64_t offset, uint64_t length) = 0;

    // Pages of `size` zero bytes for one output. Errors: overloaded: there is no room now; io_error.
    virtual Result<std::shared_ptr<const os::Pages>> create_output(uint64_t size) = 0;

    // A line of the function's log, where it must not be lost with this process. False: it is kept with the outcome.
    virtual bool take_log_line(uint64_t level, std::string_view text) = 0;
};

}  // namespace inlay::run
