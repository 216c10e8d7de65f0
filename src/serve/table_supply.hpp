// TableSupply: what a worker gives to invocations, its own and those in its lanes: objects and functions from its tables, pages from its
// budget.
#pragma once

#include "registry/admission.hpp"
#include "registry/tables.hpp"
#include "registry/shared_state.hpp"
#include "run/lane_messages.hpp"
#include "run/output_pages.hpp"
#include "run/supply.hpp"

namespace inlay::serve {

class Worker;

// A function that was let in for one call of it.
struct Admitted {
    std::shared_ptr<const registry::Function> function;
    registry::InFlight in_flight;
};
// Errors: as run::Supply::admit(), but never not_implemented.
Result<Admitted> admit_for_call(Worker& worker, std::string_view name);
// To run inside of its caller, in whose process. Errors: as run::Supply::admit().
Result<Admitted> admit_callee(Worker& worker, std::string_view name);
// What a call inside of its caller's process has used and logged goes to its function.
void account_call(Worker& worker, const registry::Function& caller, const registry::Function& callee, const run::CallAccount& account);
// Counts a call by who has called whom.
void count_call(Worker& worker, const registry::Function& caller, const registry::Function& callee, const registry::EdgeUse& use);

class TableSupply final : public run::Supply {
  public:
    // Both outlive the supply.
    TableSupply(Worker& worker, run::OutputBudget& outputs) : worker_(worker), outputs_(outputs) {}

    Result<run::Callee> admit(std::string_view name, uint64_t id) override;
    void note_call(const run::CallEnd& end) override;
    Result<std::shared_ptr<const registry::Object>> get_object(const ObjectName& name) override;
    bool may_read(const std::shared_ptr<const os::Pages>& pages, uint64_t offset, uint64_t length) override;
    Result<std::shared_ptr<const os::Pages>> create_output(uint64_t size) override {
        return run::create_output_pages(outputs_, "inlay-output", size);
    }
    bool take_log_line(uint64_t, std::string_view) override { return false; }

  private:
    Worker& worker_;
    run::OutputBudget& outputs_;
};

}  // namespace inlay::serve
