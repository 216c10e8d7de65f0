// OutputPages: memory that a guest's output lies in, accounted for until its reply is sent or its object stored.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace inlay::run {

// How much of it one worker may hold at once, in bytes and in files. One thread.
class OutputBudget {
  public:
    OutputBudget(uint64_t bytes_max, size_t files_max) : bytes_max_(bytes_max), files_max_(files_max) {}

    // False: there is no room now.
    bool acquire(uint64_t bytes);
    void release(uint64_t bytes);

  private:
    uint64_t bytes_max_;
    size_t files_max_;
    uint64_t bytes_ = 0;
    size_t files_ = 0;
};

// A memfd that gives its room back when nobody holds it any more.
class OutputPages {
  public:
    // `budget` may be nullptr: not accounted for. Valid until: the budget ends. Errors: overloaded: the budget is used up; io_error.
    static Result<std::shared_ptr<const OutputPages>> create(OutputBudget* budget, const char* name, uint64_t size);
    // A memfd that another process made and accounts for.
    static std::shared_ptr<const OutputPages> adopt(os::Fd fd);
    ~OutputPages();
    OutputPages(const OutputPages&) = delete;
    OutputPages& operator=(const OutputPages&) = delete;

    int fd() const { return fd_.get(); }

  private:
    OutputPages(OutputBudget* budget, uint64_t bytes) : budget_(budget), bytes_(bytes) {}

    OutputBudget* budget_;
    uint64_t bytes_;
    os::Fd fd_;
};

}  // namespace inlay::run
