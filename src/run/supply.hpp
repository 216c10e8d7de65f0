// Supply: what an invocation may ask of the world while it runs: objects by name, and pages for its outputs.
//
// In a worker the answers come from its tables and its budget; in a lane they come from its worker, by message.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/names.hpp"
#include "base/result.hpp"
#include "os/pages.hpp"
#include "registry/function.hpp"

namespace inlay::run {

class Supply {
  public:
    virtual ~Supply() = default;

    // The object at its current version. Errors: object_not_found, draining, overloaded, io_error.
    virtual Result<std::shared_ptr<const registry::Object>> get_object(const ObjectName& name) = 0;

    // Whether the guest can read that range now without waiting for a disk, or may wait.
    virtual bool may_read(const std::shared_ptr<const os::Pages>& pages, uint64_t offset, uint64_t length) = 0;

    // Pages of `size` zero bytes for one output. Errors: overloaded: there is no room now; io_error.
    virtual Result<std::shared_ptr<const os::Pages>> create_output(uint64_t size) = 0;

    // A line of the function's log, where it must not be lost with this process. False: it is kept with the outcome.
    virtual bool take_log_line(uint64_t level, std::string_view text) = 0;
};

}  // namespace inlay::run
