// TableSupply: what a worker gives to invocations, its own and those in its lanes: objects from its tables, pages from its budget.
#pragma once

#include "registry/tables.hpp"
#include "run/output_pages.hpp"
#include "run/supply.hpp"
#include "serve/disk_aside.hpp"

namespace inlay::serve {

class TableSupply final : public run::Supply {
  public:
    // All outlive the supply.
    TableSupply(registry::Tables& tables, run::OutputBudget& outputs, DiskAside& disk)
        : tables_(tables), outputs_(outputs), disk_(disk) {}

    Result<std::shared_ptr<const registry::Object>> get_object(const ObjectName& name) override { return tables_.get_object(name); }
    bool may_read(const std::shared_ptr<const os::Pages>& pages, uint64_t offset, uint64_t length) override {
        return disk_.in_memory(pages, offset, length);
    }
    Result<std::shared_ptr<const os::Pages>> create_output(uint64_t size) override {
        return run::create_output_pages(outputs_, "inlay-output", size);
    }
    bool take_log_line(uint64_t, std::string_view) override { return false; }

  private:
    registry::Tables& tables_;
    run::OutputBudget& outputs_;
    DiskAside& disk_;
};

}  // namespace inlay::serve
