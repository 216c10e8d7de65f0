// StreamRing: which bytes of a stream's ring hold what. Numbers only.
//
//     given back         told: at most two pieces       room: where the next bytes go
//     |..................|==== held ====|==== next ====|~~ received ~~|..............|
//                        freed_                        told_          received_      freed_ + kStreamRingBytes
//
// Counted in bytes of the body; where they lie is that modulo the ring's size. No piece and no room wraps around.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "run/stream.hpp"

namespace inlay::serve {

class StreamRing {
  public:
    // Where the next bytes of the body go; length 0: there is no room.
    run::RingPiece room() const;
    // Requires: they fit the room.
    void receive(uint64_t bytes) { received_ += bytes; }

    // The next piece to tell the guest of, when it has fewer than two. From then on that counts as told.
    std::optional<run::RingPiece> next_piece();
    bool all_told() const { return told_ == received_; }
    // The guest has been told that nothing more comes.
    void note_end() { told_pieces_++; }

    // The guest gives back the piece it holds and wants the next one. False: it waits for one already.
    bool ask();
    bool guest_waits() const { return asked_ > told_pieces_; }
    // The guest knows of all that it was told.
    bool all_taken() const { return asked_ >= told_pieces_; }

  private:
    uint64_t received_ = 0;
    uint64_t told_ = 0;
    uint64_t freed_ = 0;
    uint64_t told_pieces_ = 0;
    uint64_t asked_ = 0;
    std::deque<uint64_t> lengths_;  // Of the pieces told and not given back.
};

}  // namespace inlay::serve
