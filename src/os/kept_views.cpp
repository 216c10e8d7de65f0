// Finds views by inode, which a mapping keeps from being used for another file.
#include "os/kept_views.hpp"

#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/check.hpp"
#include "base/limits.hpp"
#include "os/fd.hpp"

namespace inlay::os {

// Whether all of it is at home.
bool KeptViews::View::has(const Range& range) const {
    return range.offset + range.length <= mapped.size() && std::none_of(lent.begin(), lent.end(), [&](const Range& one) { return one.overlaps(range); });
}

// nullptr: there can be none.
KeptViews::View* KeptViews::find_or_map(int fd, const Range& range) {
    struct stat file{};
    if (stat_of(fd, file) != 0) return nullptr;
    auto size = static_cast<uint64_t>(file.st_size);
    if (size > kViewBytesMax || range.offset + range.length > round_up(size, page_size())) return nullptr;
    auto is_of_file = [&](const View& view) { return view.device == file.st_dev && view.inode == file.st_ino; };
    auto found = std::find_if(views_.begin(), views_.end(), [&](const View& view) { return is_of_file(view) && view.has(range); });
    if (found != views_.end()) return &*found;
    // It has grown since.
    std::erase_if(views_, [&](const View& view) { return is_of_file(view) && view.lent.empty() && !view.has(range); });
    if (views_.size() >= kViewsKeptMax) return nullptr;
    auto mapped = AlignedView::create(fd, size, Access::read, Sharing::private_);
    if (!mapped.ok()) return nullptr;
    views_.push_back({file.st_dev, file.st_ino, std::move(mapped).value(), {}, false});
    return &views_.back();
}

std::optional<KeptViews::Loan> KeptViews::lend(uint8_t* at, const FileRange& range) {
    uint64_t length = round_up(range.length, page_size());
    View* view = find_or_map(range.fd, {range.offset, length});
    if (!view) return std::nullopt;
    view->used = true;
    Loan loan{view->mapped.data() + range.offset, length};
    if (!move_pages(loan.home, at, length).ok()) return std::nullopt;
    view->lent.push_back({range.offset, length});
    return loan;
}

void KeptViews::take_back(uint8_t* at, const Loan& loan) noexcept {
    // A hint that a guest gave for its window does not outlive it.
    ::madvise(at, loan.length, MADV_NORMAL);
    // A view with a hole, where anything may be mapped, could not be dropped any more.
    INLAY_CHECK(move_pages(at, loan.home, loan.length).ok());
    auto is_home = [&](const View& view) { return loan.home >= view.mapped.data() && loan.home < view.mapped.data() + view.mapped.size(); };
    auto view = std::find_if(views_.begin(), views_.end(), is_home);
    if (view == views_.end()) return;
    const auto offset = static_cast<uint64_t>(loan.home - view->mapped.data());
    auto lent = std::find_if(view->lent.begin(), view->lent.end(), [&](const Range& one) { return one.offset == offset && one.length == loan.length; });
    if (lent != view->lent.end()) view->lent.erase(lent);
}

void KeptViews::end_round() {
    std::erase_if(views_, [](const View& view) { return !view.used; });
    for (auto& view : views_) {
        view.used = false;
        view.lent.clear();
    }
}

}  // namespace inlay::os
