// Counts.
#include "serve/stream_ring.hpp"

#include <algorithm>

#include "base/limits.hpp"

namespace inlay::serve {
namespace {

constexpr size_t kPiecesTold = 2;  // One that the guest holds, and the next one, so that it need not wait for us.

}  // namespace

run::RingPiece StreamRing::room() const {
    uint64_t offset = received_ % kStreamRingBytes;
    uint64_t free_bytes = kStreamRingBytes - (received_ - freed_);
    return {offset, std::min({free_bytes, kStreamRingBytes - offset, kStreamPieceBytesMax})};
}

std::optional<run::RingPiece> StreamRing::next_piece() {
    if (lengths_.size() >= kPiecesTold || all_told()) return std::nullopt;
    uint64_t offset = told_ % kStreamRingBytes;
    uint64_t length = std::min({received_ - told_, kStreamRingBytes - offset, kStreamPieceBytesMax});
    told_ += length;
    told_pieces_++;
    lengths_.push_back(length);
    return run::RingPiece{offset, length};
}

bool StreamRing::ask() {
    if (guest_waits()) return false;
    asked_++;
    if (asked_ > 1 && !lengths_.empty()) {
        freed_ += lengths_.front();
        lengths_.pop_front();
    }
    return true;
}

}  // namespace inlay::serve
