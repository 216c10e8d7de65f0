// Accounts for output memory.
#include "run/output_pages.hpp"

#include "os/memfd.hpp"

namespace inlay::run {

bool OutputBudget::acquire(uint64_t bytes) {
    if (files_ >= files_max_ || bytes > bytes_max_ - bytes_) return false;
    if (whole_ && !whole_->acquire(bytes)) return false;
    files_++;
    bytes_ += bytes;
    return true;
}

void OutputBudget::release(uint64_t bytes) {
    files_--;
    bytes_ -= bytes;
    if (whole_) whole_->release(bytes);
}

Result<std::shared_ptr<const os::Pages>> create_output_pages(OutputBudget& budget, const char* name, uint64_t size) {
    if (!budget.acquire(size))
        return Error{Errc::overloaded, budget.is_part() ? "the memory for outputs of this worker's streams is in use: retry later"
                                                        : "the memory for outputs of this worker is in use: retry later"};
    struct Accounted {
        Accounted(OutputBudget& of, uint64_t size) : budget(of), bytes(size) {}
        Accounted(const Accounted&) = delete;
        Accounted& operator=(const Accounted&) = delete;
        ~Accounted() { budget.release(bytes); }

        OutputBudget& budget;
        uint64_t bytes;
        os::Pages pages;
    };
    auto made = std::make_shared<Accounted>(budget, size);
    INLAY_TRY(auto fd, os::create_memfd(name, size));
    made->pages = os::Pages(std::move(fd), size, os::Pages::Home::memory);
    return std::shared_ptr<const os::Pages>(made, &made->pages);
}

}  // namespace inlay::run
