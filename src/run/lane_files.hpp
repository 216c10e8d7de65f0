// LaneFiles: what one run in a lane has been given by its worker, by number from 1, and the objects among that.
//
// An object counts as given until nobody has it open or mapped and there are many: then its number is handed back, so that a program can
// open one file after the other.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "base/wire.hpp"
#include "registry/function.hpp"

namespace inlay::run {

class LaneFiles {
  public:
    using Objects = std::vector<std::shared_ptr<const registry::Object>>;

    void begin(const std::vector<std::shared_ptr<const os::Pages>>& given) {
        fds_.clear();
        for (const auto& pages : given) add(pages->fd());
    }
    // -1: it got lost on the way, and has its number all the same. Gives the number.
    size_t add(int fd) {
        fds_.push_back(fd);
        return fds_.size();
    }
    // 0: it has none.
    uint64_t number_of(int fd) const {
        // The latest of that number: an earlier one has been closed since.
        auto found = std::find(fds_.rbegin(), fds_.rend(), fd);
        return static_cast<uint64_t>(fds_.rend() - found);
    }

    std::shared_ptr<const registry::Object> keep(registry::Object object) {
        objects_.push_back(std::make_shared<registry::Object>(std::move(object)));
        return objects_.back();
    }
    // From so many objects on, those that nobody has any more.
    Objects take_unused() {
        if (objects_.size() < kSourcesMax) return {};
        auto unused = std::stable_partition(objects_.begin(), objects_.end(), [](const auto& object) { return object.use_count() > 1; });
        Objects taken(std::make_move_iterator(unused), std::make_move_iterator(objects_.end()));
        objects_.erase(unused, objects_.end());
        return taken;
    }
    Objects take_all() { return std::exchange(objects_, {}); }

    // Their numbers, with what was mapped of each.
    void write_use(WireWriter& to, const Objects& objects) const {
        to.number(objects.size());
        for (const auto& object : objects) to.number(number_of(object->pages.fd())).number(object->pages.use().mapped_bytes);
    }

  private:
    std::vector<int> fds_;
    Objects objects_;
};

}  // namespace inlay::run
