// Tables: a worker's current view of functions and objects by name.
//
// Every find first catches up with the feed of changes, so it never answers older than what was acknowledged before it began.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/names.hpp"
#include "base/result.hpp"
#include "engine/engine.hpp"
#include "registry/function.hpp"
#include "registry/link.hpp"
#include "registry/lru.hpp"
#include "registry/shared_state.hpp"

namespace inlay::registry {

class Tables {
  public:
    // All three outlive the tables. `counters` are this worker's.
    Tables(SupervisorLink& link, const engine::Engine& engine, const SharedState& shared, CounterBlock& counters);

    // Errors: function_not_found, bad_name; overloaded while the function is compiled again; draining.
    Result<std::shared_ptr<const Function>> get_function(std::string_view name);
    // Errors: object_not_found, bad_name, draining; object_changed while the file of a linked one is let go.
    Result<std::shared_ptr<const Object>> get_object(const ObjectName& name);

    // Forgets what has changed, and with it the last hold on files that are deleted. Every get does this first.
    void catch_up();

    // The file of a linked object is about to be written: what is read of it counts no more.
    void lose_link(std::string_view version);
    // The supervisor is gone, and with it what guarded them all.
    void lose_all_links();

    // Has damaged code of a function made again.
    void refuse_compiled(const store::FunctionRecord& record, engine::Checks checks);

  private:
    Result<> load(Function& function) const;
    std::shared_ptr<const Object> open_linked(FoundObject found);
    void let_go(const std::string& version);
    void tell_of_use(const Object& object);

    SupervisorLink& link_;
    const engine::Engine& engine_;
    CounterBlock& counters_;
    ChangeReader changes_;
    Lru<std::shared_ptr<const Function>> functions_;
    Lru<std::shared_ptr<const Object>> objects_;
    std::unordered_map<std::string, std::weak_ptr<const Object>> linked_;  // Those in use, by version; at most kLinksMax.
    std::shared_ptr<Tables*> self_ = std::make_shared<Tables*>(this);     // Objects may outlive the tables.
};

}  // namespace inlay::registry
