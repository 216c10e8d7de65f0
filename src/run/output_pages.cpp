// Accounts for output memory.
#include "run/output_pages.hpp"

#include "os/memfd.hpp"

namespace inlay::run {

bool OutputBudget::acquire(uint64_t bytes) {
    if (files_ >= files_max_ || bytes > bytes_max_ - bytes_) return false;
    files_++;
    bytes_ += bytes;
    return true;
}

void OutputBudget::release(uint64_t bytes) {
    files_--;
    bytes_ -= bytes;
}

Result<std::shared_ptr<const OutputPages>> OutputPages::create(OutputBudget* budget, const char* name, uint64_t size) {
    if (budget && !budget->acquire(size))
        return Error{Errc::overloaded, "the memory for outputs of this worker is in use: retry later"};
    std::shared_ptr<OutputPages> made(new OutputPages(budget, size));
    INLAY_TRY(made->fd_, os::create_memfd(name, size));
    return std::shared_ptr<const OutputPages>(std::move(made));
}

std::shared_ptr<const OutputPages> OutputPages::adopt(os::Fd fd) {
    std::shared_ptr<OutputPages> made(new OutputPages(nullptr, 0));
    made->fd_ = std::move(fd);
    return made;
}

OutputPages::~OutputPages() {
    if (budget_) budget_->release(bytes_);
}

}  // namespace inlay::run
