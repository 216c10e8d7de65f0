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
    // At most `bytes_max` for all bodies together, those kept included, and `body_bytes_max` for one.
    BodyMemory(Deadlines& deadlines, uint64_t bytes_max, uint64_t body_bytes_max);

    struct GiveBack {
        BodyMemory* memory;
        void operator()(BodyRoom* room) const { memory->give_back(std::unique_ptr<BodyRoom>(room)); }
    };
    // Valid until: this ends.
    using Room = std::unique_ptr<BodyRoom, GiveBack>;

    // Errors: body_too_large, overloaded, io_error.
    Result<Room> take(std::string_view owner, uint64_t capacity);
    // Makes the room larger; what it holds stays.
    Result<> grow(BodyRoom& room, uint64_t capacity);
    // The first `size` bytes received are the body. Requires: 0 < size <= capacity.
    static std::shared_ptr<const os::Pages> finish(Room room, uint64_t size);

    // From now on. The deadlines may end before this.
    void keep_nothing();
    uint64_t kept_bytes() const { return kept_bytes_; }

  private:
    Result<> make_room(uint64_t bytes);
    void give_back(std::unique_ptr<BodyRoom> room);
    void forget_oldest();
    void on_deadline() override;

    Deadlines& deadlines_;
    uint64_t bytes_max_;
    uint64_t body_bytes_max_;
    uint64_t bytes_ = 0;
    uint64_t kept_bytes_ = 0;
    bool keeps_ = true;
    std::list<std::unique_ptr<BodyRoom>> kept_;  // The latest first.
};

}  // namespace inlay::serve
