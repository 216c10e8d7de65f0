// Writes pieces in their order, and remembers the first failure.
#include "control/begun_content.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.hpp"
#include "os/file.hpp"
#include "os/mapping.hpp"

namespace inlay::control {

Result<> BegunContent::begin() {
    std::lock_guard lock(mutex_);
    return open();
}

Result<> BegunContent::write(uint64_t arrived) {
    std::lock_guard lock(mutex_);
    return write_up_to(os::round_down(arrived, os::page_size()));
}

Result<os::Fd> BegunContent::read(uint64_t length) {
    std::lock_guard lock(mutex_);
    INLAY_TRY_VOID(complete(length));
    return os::open_to_read(file_.get());
}

Result<BegunContent::Finished> BegunContent::finish(uint64_t length) {
    std::lock_guard lock(mutex_);
    INLAY_TRY_VOID(complete(length));
    failure_ = Error{Errc::internal, "this content is finished"};
    return Finished{std::move(file_), copied_};
}

Result<> BegunContent::complete(uint64_t length) {
    bool overwritten = length > written_ && length - written_ > ring_bytes_;
    if (overwritten || written_ > length) return Error{Errc::internal, "content of another length was written"};
    INLAY_TRY_VOID(write_up_to(length));
    auto cut = os::truncate(file_.get(), length);
    if (!cut.ok()) failure_ = cut.error();
    return cut;
}

Result<> BegunContent::open() {
    if (failure_) return *failure_;
    if (file_) return {};
    auto opened = [&]() -> Result<> {
        INLAY_TRY(file_, directory_.create_unnamed());
        // Refused early, but not taken: who says much and sends little must not hold the disk.
        INLAY_TRY(uint64_t free, os::free_bytes(file_.get()));
        if (expected_ > free) return Error{Errc::no_space, fmt::format("the disk has no room for {} bytes", expected_)};
        return {};
    }();
    if (!opened.ok()) failure_ = opened.error();
    return opened;
}

// Blocks a step ahead, so that a file written piece by piece lies together.
Result<> BegunContent::reserve_for(uint64_t end) {
    if (end <= reserved_) return {};
    reserved_ = std::max(end, std::min(end + kReserveBytes, expected_));
    return os::reserve(file_.get(), reserved_);
}

Result<> BegunContent::write_up_to(uint64_t end) {
    INLAY_TRY_VOID(open());
    while (written_ < end && !dropped_) {
        uint64_t at = written_ % ring_bytes_;
        uint64_t piece = std::min({end - written_, kWritePieceBytes, ring_bytes_ - at});
        auto written = write_next({pages_.get(), at, piece});
        if (!written.ok()) {
            failure_ = written.error();
            return written;
        }
    }
    return {};
}

Result<> BegunContent::write_next(const os::FileRange& piece) {
    INLAY_TRY_VOID(reserve_for(written_ + piece.length));
    INLAY_TRY(uint64_t copied, os::write_piece(file_.get(), written_, piece));
    written_ += piece.length;
    copied_ += copied;
    return {};
}

}  // namespace inlay::control
