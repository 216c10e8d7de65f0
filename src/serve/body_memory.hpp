// BodyMemory: the pages that request bodies are received into, bounded, and kept for the next body of the same owner.
//
// Receiving into pages that are there already takes a third of the time that fresh ones take. Pages pass on within one owner only
// (one function; or "" for content that no guest sees), and no guest sees more of them than the whole pages of its body, whose
// last one ends in zeros.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.hpp"
#include "os/pages.hpp"
#include "serve/deadlines.hpp"

namespace inlay::serve {

// Pages for one body, before it is complete.
struct BodyRoom {
    std::string owner;
    os::Pages pages;        // Writable by us where they lie.
    uint64_t capacity = 0;  // Bytes that can be received.
};

// One thread.
class BodyMemory final : Deadlines::Entry {
  public:
    // At most `bytes_max` for all bodies together, those kept included; of those not kept one part in kBodyMemoryShare for each owner.
    // `body_bytes_max`: the largest body that is asked for.
    BodyMemory(Deadlines& deadlines, uint64_t bytes_max, uint64_t body_bytes_max);

    struct GiveBack {
        BodyMemory* memory;
        void operator()(BodyRoom* room) const { memory->give_back(std::unique_ptr<BodyRoom>(room)); }
    };
    // Valid until: this ends.
    using Room = std::unique_ptr<BodyRoom, GiveBack>;

    // Whether there is room for a body of so many bytes now, as far as can be told before it comes: others may take it meanwhile.
    bool has_room(std::string_view owner, uint64_t bytes) const;
    static Error in_use();

    // Errors: body_too_large, overloaded, io_error.
    Result<Room> take(std::string_view owner, uint64_t capacity);
    // Makes the room larger; what it holds stays.
    Result<> grow(BodyRoom& room, uint64_t capacity);
    // The first `size` bytes received are the body. Requires: 0 < size <= capacity.
    static std::shared_ptr<const os::Pages> finish(Room room, uint64_t size);

    // A body that is larger does not lie in memory as a whole. Whole pages.
    uint64_t largest() const { return owner_bytes_max_; }

    // From now on. The deadlines may end before this.
    void keep_nothing();
    uint64_t kept_bytes() const { return kept_bytes_; }

  private:
    uint64_t used_by(std::string_view owner) const;
    Result<> make_room(const std::string& owner, uint64_t bytes);
    void give_back(std::unique_ptr<BodyRoom> room);
    void forget_oldest();
    void on_deadline() override;

    Deadlines& deadlines_;
    uint64_t bytes_max_;
    uint64_t owner_bytes_max_;
    uint64_t body_bytes_max_;
    uint64_t bytes_ = 0;
    uint64_t kept_bytes_ = 0;
    std::unordered_map<std::string, uint64_t> used_bytes_;  // By owner, without those kept.
    bool keeps_ = true;
    std::list<std::unique_ptr<BodyRoom>> kept_;  // The latest first.
};

}  // namespace inlay::serve
