// Finds views by inode, which a mapping keeps from being used for another file.
#include "os/kept_views.hpp"

#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/check.hpp"
#include "base/limits.hpp"
#include "os/fd.hpp"

namespace inlay::os {

// nullptr: there can be none.
KeptViews::View* KeptViews::find_or_map(int fd, uint64_t end) {
    struct stat file{};
    if (stat_of(fd, file) != 0) return nullptr;
    auto size = static_cast<uint64_t>(file.st_size);
    if (size > kViewBytesMax || end > round_up(size, page_size())) return nullptr;
    auto is_of_file = [&](const View& view) { return view.device == file.st_dev && view.inode == file.st_ino; };
    auto found = std::find_if(views_.begin(), views_.end(), is_of_file);
    if (found != views_.end() && end <= found->mapped.size()) return &*found;
    // It has grown since; what is lent of it has a home there.
    if (found != views_.end() && found->used) return nullptr;
    if (found != views_.end()) views_.erase(found);
    if (views_.size() >= kViewsKeptMax) return nullptr;
    auto mapped = AlignedView::create(fd, size, Access::read, Sharing::private_);
    if (!mapped.ok()) return nullptr;
    views_.push_back({file.st_dev, file.st_ino, std::move(mapped).value(), false});
    return &views_.back();
}

std::optional<KeptViews::Loan> KeptViews::lend(uint8_t* at, const FileRange& range) {
    uint64_t length = round_up(range.length, page_size());
    View* view = find_or_map(range.fd, range.offset + length);
    if (!view) return std::nullopt;
    view->used = true;
    Loan loan{view->mapped.data() + range.offset, length};
    if (!move_pages(loan.home, at, length).ok()) return std::nullopt;
    return loan;
}

void KeptViews::take_back(uint8_t* at, const Loan& loan) noexcept {
    // A hint that a guest gave for its window does not outlive it.
    ::madvise(at, loan.length, MADV_NORMAL);
    // A view with a hole, where anything may be mapped, could not be dropped any more.
    INLAY_CHECK(move_pages(at, loan.home, loan.length).ok());
}

void KeptViews::end_round() {
    std::erase_if(views_, [](const View& view) { return !view.used; });
    for (auto& view : views_) view.used = false;
}

}  // namespace inlay::os
