// Keeps, finds, lets go.
#include "control/hot_tier.hpp"

#include <algorithm>
#include <array>

#include "base/limits.hpp"
#include "os/file.hpp"
#include "os/mapping.hpp"
#include "os/memfd.hpp"

namespace inlay::control {
namespace {

// What shares the last page with an object shows in every window over that page.
bool is_zero_behind(int pages, uint64_t length, uint64_t size) {
    std::array<char, 64 * KiB> rest{};  // No page is larger.
    if (!os::read_exactly_at(pages, rest.data(), size - length, length).ok()) return false;
    return std::all_of(rest.begin(), rest.end(), [](char byte) { return byte == 0; });
}

}  // namespace

bool HotTier::can_keep(int pages, uint64_t length) const {
    if (length < kHotBytesMin || length > bytes_max_ || !os::is_sealed(pages)) return false;
    auto status = os::status(pages);
    bool fits = status.ok() && status->size >= length && status->size <= os::round_up(length, os::page_size());
    return fits && is_zero_behind(pages, length, status->size);
}

std::vector<ObjectName> HotTier::keep(const store::ObjectRecord& object, os::Fd pages) {
    std::lock_guard lock(mutex_);
    return insert(object, os::round_up(object.size_bytes, os::page_size()), std::move(pages));
}

std::optional<std::vector<ObjectName>> HotTier::keep_beside_hotter(const store::ObjectRecord& object, os::Fd pages) {
    std::lock_guard lock(mutex_);
    uint64_t bytes = os::round_up(object.size_bytes, os::page_size());
    if (!has_idle_room(bytes)) return std::nullopt;
    return insert(object, bytes, std::move(pages));
}

bool HotTier::has_idle_room(uint64_t bytes) const {
    uint64_t busy_bytes = 0, now_ms = now_ms_();
    size_t busy = 0;
    for (auto entry = entries_.begin(); entry != entries_.end() && now_ms - entry->used_ms < kHotIdleMs; ++entry, ++busy)
        busy_bytes += entry->bytes;
    return busy < kHotObjectsMax && bytes <= bytes_max_ - reserved_ && busy_bytes <= bytes_max_ - reserved_ - bytes;
}

std::vector<ObjectName> HotTier::insert(const store::ObjectRecord& object, uint64_t bytes, os::Fd pages) {
    if (bytes > bytes_max_ - reserved_) return {};
    auto gone = make_room(bytes);
    entries_.push_front({object.name, object.version, bytes, std::move(pages), now_ms_()});
    by_version_[object.version] = entries_.begin();
    take(bytes);
    counters_.add_shared(Counter::hot_promotions);
    return gone;
}

void HotTier::take(uint64_t bytes) {
    if (bytes_ == 0 && on_begin_) on_begin_();
    bytes_ += bytes;
    counters_.add_shared(Counter::hot_bytes, bytes);
}

bool HotTier::is_empty() const {
    std::lock_guard lock(mutex_);
    return bytes_ == 0;
}

std::vector<ObjectName> HotTier::make_room(uint64_t bytes) {
    std::vector<ObjectName> gone;
    while (!entries_.empty() && (bytes_ + bytes > bytes_max_ || entries_.size() >= kHotObjectsMax)) gone.push_back(remove_last());
    return gone;
}

std::optional<std::vector<ObjectName>> HotTier::reserve_beside_hotter(uint64_t bytes) {
    std::lock_guard lock(mutex_);
    bytes = os::round_up(bytes, os::page_size());
    if (!has_idle_room(bytes)) return std::nullopt;
    auto gone = make_room(bytes);
    take(bytes);
    reserved_ += bytes;
    return gone;
}

void HotTier::release(uint64_t bytes) {
    std::lock_guard lock(mutex_);
    bytes = os::round_up(bytes, os::page_size());
    bytes_ -= bytes;
    reserved_ -= bytes;
    counters_.add_shared(Counter::hot_bytes, -bytes);
}

HotTier::Entries::iterator HotTier::use(std::string_view version) {
    auto found = by_version_.find(std::string(version));
    if (found == by_version_.end()) return entries_.end();
    entries_.splice(entries_.begin(), entries_, found->second);
    found->second->used_ms = now_ms_();
    return found->second;
}

os::Fd HotTier::find(std::string_view version) {
    std::lock_guard lock(mutex_);
    auto found = use(version);
    return found == entries_.end() ? os::Fd() : os::duplicate(found->pages.get());
}

bool HotTier::touch(std::string_view version) {
    std::lock_guard lock(mutex_);
    return use(version) != entries_.end();
}

void HotTier::forget(std::string_view version) {
    std::lock_guard lock(mutex_);
    auto found = by_version_.find(std::string(version));
    if (found != by_version_.end()) remove(found->second);
}

std::vector<ObjectName> HotTier::shed(uint64_t bytes) {
    std::lock_guard lock(mutex_);
    std::vector<ObjectName> gone;
    for (uint64_t before = bytes_; !entries_.empty() && before - bytes_ < bytes;) {
        gone.push_back(remove_last());
        counters_.add_shared(Counter::hot_sheds);
    }
    return gone;
}

ObjectName HotTier::remove_last() {
    auto name = entries_.back().name;
    remove(std::prev(entries_.end()));
    return name;
}

void HotTier::remove(Entries::iterator entry) {
    bytes_ -= entry->bytes;
    counters_.add_shared(Counter::hot_bytes, -entry->bytes);
    counters_.add_shared(Counter::hot_demotions);
    by_version_.erase(entry->version);
    entries_.erase(entry);
}

}  // namespace inlay::control
