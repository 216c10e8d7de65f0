// Memory that a guest's output lies in, accounted for until its reply is sent or its object stored.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.hpp"
#include "os/pages.hpp"

namespace inlay::run {

// How much of it one worker may hold at once, in bytes and in files. One thread.
class OutputBudget {
  public:
    // `whole`: what this is a part of; there has to be room in both. It outlives the part.
    OutputBudget(uint64_t bytes_max, size_t files_max, OutputBudget* whole = nullptr)
        : bytes_max_(bytes_max), files_max_(files_max), whole_(whole) {}

    // False: there is no room now.
    bool acquire(uint64_t bytes);
    void release(uint64_t bytes);
    bool is_part() const { return whole_ != nullptr; }

  private:
    uint64_t bytes_max_;
    size_t files_max_;
    OutputBudget* whole_;
    uint64_t bytes_ = 0;
    size_t files_ = 0;
};

// Pages of `size` zero bytes that give their room back when nobody holds them any more; `name` shows in /proc/PID/maps.
// Valid until: the budget ends. Errors: overloaded: the budget is used up; io_error.
Result<std::shared_ptr<const os::Pages>> create_output_pages(OutputBudget& budget, const char* name, uint64_t size);

}  // namespace inlay::run
