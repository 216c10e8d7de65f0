// TableSupply: what a worker gives to invocations, its own and those in its lanes: objects from its tables, pages from its budget.
#pragma once

#include "registry/tables.hpp"
#include "run/supply.hpp"

namespace inlay::serve {

class TableSupply final : public run::Supply {
  public:
    // Both outlive the supply.
    TableSupply(registry::Tables& tables, run::OutputBudget& outputs) : tables_(tables), outputs_(outputs) {}

    Result<std::shared_ptr<const registry::Object>> get_object(const ObjectName& name) override { return tables_.get_object(name); }
    Result<std::shared_ptr<const run::OutputPages>> create_output(uint64_t size) override {
        return run::OutputPages::create(&outputs_, "inlay-output", size);
    }
    bool take_log_line(uint64_t, std::string_view) override { return false; }

  private:
    registry::Tables& tables_;
    run::OutputBudget& outputs_;
};

}  // namespace inlay::serve
