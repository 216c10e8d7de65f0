// Lru: a bounded map from names to values that forgets what was not used for longest.
//
// Keyed by a name's hash, because changes are announced by hash. Two names with one hash push each other out, no more.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace inlay::registry {

template <class Value>
class Lru {
  public:
    explicit Lru(size_t entries_max) : entries_max_(entries_max) {}

    // nullptr: absent. Valid until: the next call that changes the map.
    Value* find(uint64_t hash, std::string_view name) {
        auto found = index_.find(hash);
        if (found == index_.end() || found->second->name != name) return nullptr;
        entries_.splice(entries_.begin(), entries_, found->second);
        return &found->second->value;
    }

    Value* insert(uint64_t hash, std::string_view name, Value value) {
        erase(hash);
        if (entries_.size() >= entries_max_) erase(entries_.back().hash);
        entries_.push_front({hash, std::string(name), std::move(value)});
        index_[hash] = entries_.begin();
        return &entries_.front().value;
    }

    void erase(uint64_t hash) {
        auto found = index_.find(hash);
        if (found == index_.end()) return;
        entries_.erase(found->second);
        index_.erase(found);
    }

    void clear() {
        entries_.clear();
        index_.clear();
    }

    size_t size() const { return entries_.size(); }

  private:
    struct Entry {
        uint64_t hash;
        std::string name;
        Value value;
    };

    size_t entries_max_;
    std::list<Entry> entries_;
    std::unordered_map<uint64_t, typename std::list<Entry>::iterator> index_;
};

}  // namespace inlay::registry
