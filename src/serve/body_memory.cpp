// Takes, keeps and forgets memfds.
#include "serve/body_memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/limits.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"

namespace inlay::serve {

BodyMemory::BodyMemory(Deadlines& deadlines, uint64_t bytes_max, uint64_t body_bytes_max)
    : deadlines_(deadlines),
      bytes_max_(os::round_up(bytes_max, os::page_size())),
      owner_bytes_max_(os::round_up(bytes_max / kBodyMemoryShare, os::page_size())),
      body_bytes_max_(std::min(os::round_up(body_bytes_max, os::page_size()), owner_bytes_max_)) {
    deadlines_.add(*this);
}

Error BodyMemory::in_use() {
    return Error{Errc::overloaded, "the memory for request bodies, or one function's part of it, is in use: retry later, or raise body_memory"};
}

uint64_t BodyMemory::used_by(std::string_view owner) const {
    auto used = used_bytes_.find(std::string(owner));
    return used == used_bytes_.end() ? 0 : used->second;
}

bool BodyMemory::has_room(std::string_view owner, uint64_t bytes) const {
    return bytes <= owner_bytes_max_ - used_by(owner) && bytes <= bytes_max_ - (bytes_ - kept_bytes_);
}

Result<BodyMemory::Room> BodyMemory::take(std::string_view owner, uint64_t capacity) {
    uint64_t may_use = owner_bytes_max_ - used_by(owner);
    auto fits = [&](const auto& room) { return room->owner == owner && room->capacity <= may_use; };
    auto kept = std::find_if(kept_.begin(), kept_.end(), fits);
    Room room(nullptr, {this});
    if (kept != kept_.end()) {
        kept_bytes_ -= (*kept)->capacity;
        used_bytes_[(*kept)->owner] += (*kept)->capacity;
        room.reset(kept->release());
        kept_.erase(kept);
    } else {
        INLAY_TRY(auto fd, os::create_memfd("inlay-body", 0));
        // Nobody whom it is given to can take pages away under us.
        INLAY_TRY_VOID(os::seal_against_shrinking(fd.get()));
        // Addresses for the largest body: pages past the file's end are not touched before it has grown.
        INLAY_TRY(auto mapping, os::Mapping::create(fd.get(), 0, body_bytes_max_, os::Access::read_write, os::Sharing::shared));
        room.reset(new BodyRoom{std::string(owner), os::Pages(std::move(fd), std::move(mapping)), 0});
    }
    INLAY_TRY_VOID(grow(*room, capacity));
    return room;
}

Result<> BodyMemory::grow(BodyRoom& room, uint64_t capacity) {
    uint64_t wanted = os::round_up(capacity, os::page_size());
    if (wanted <= room.capacity) return {};
    if (wanted > body_bytes_max_) return Error{Errc::body_too_large, fmt::format("the body has more than {} bytes", body_bytes_max_)};
    INLAY_TRY_VOID(make_room(room.owner, wanted - room.capacity));
    INLAY_TRY_VOID(os::truncate(room.pages.fd(), wanted));
    bytes_ += wanted - room.capacity;
    used_bytes_[room.owner] += wanted - room.capacity;
    room.capacity = wanted;
    return {};
}

std::shared_ptr<const os::Pages> BodyMemory::finish(Room room, uint64_t size) {
    uint64_t end = os::round_up(size, os::page_size());
    std::memset(room->pages.writable() + size, 0, end - size);
    room->pages.set_size(size);
    std::shared_ptr<BodyRoom> held(std::move(room));
    return {held, &held->pages};
}

Result<> BodyMemory::make_room(const std::string& owner, uint64_t bytes) {
    if (bytes > owner_bytes_max_ - used_by(owner)) return in_use();
    while (bytes > bytes_max_ - bytes_ && !kept_.empty()) forget_oldest();
    if (bytes > bytes_max_ - bytes_) return in_use();
    return {};
}

void BodyMemory::give_back(std::unique_ptr<BodyRoom> room) {
    auto used = used_bytes_.find(room->owner);
    if (used != used_bytes_.end() && (used->second -= room->capacity) == 0) used_bytes_.erase(used);
    if (!keeps_ || room->pages.lent() || room->capacity > bytes_max_ / 2) {
        bytes_ -= room->capacity;
        // At a worker's end the supervisor may still write what nobody waits for any more.
        if (keeps_) os::free_pages(room->pages.fd());
        return;
    }
    kept_bytes_ += room->capacity;
    kept_.push_front(std::move(room));
    while (kept_.size() > kBodiesKeptMax || kept_bytes_ > bytes_max_ / 2) forget_oldest();
    deadlines_.expect(*this, kBodyKeptMs);
}

void BodyMemory::forget_oldest() {
    bytes_ -= kept_.back()->capacity;
    kept_bytes_ -= kept_.back()->capacity;
    os::free_pages(kept_.back()->pages.fd());  // At once, also where a lane keeps a view of them.
    kept_.pop_back();
}

void BodyMemory::on_deadline() {
    while (!kept_.empty()) forget_oldest();
}

void BodyMemory::keep_nothing() {
    keeps_ = false;
    on_deadline();
}

}  // namespace inlay::serve
