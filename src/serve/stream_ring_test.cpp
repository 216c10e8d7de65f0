// What a stream's ring may be filled with and when a guest hears of it.
#include "serve/stream_ring.hpp"

#include <gtest/gtest.h>

#include <random>

#include "base/limits.hpp"

namespace inlay::serve {
namespace {

TEST(StreamRing, IsEmptyAtFirstAndHasRoomForHalfOfIt) {
    StreamRing ring;
    EXPECT_EQ(ring.room().offset, 0u);
    EXPECT_EQ(ring.room().length, kStreamPieceBytesMax);
    EXPECT_FALSE(ring.next_piece().has_value());
    EXPECT_FALSE(ring.guest_waits());
}

TEST(StreamRing, TellsOfAtMostTwoPiecesAndGathersWhatComesMeanwhile) {
    StreamRing ring;
    for (uint64_t length : {10u, 20u, 30u, 40u}) {
        ring.receive(length);
        (void)ring.next_piece();
    }
    EXPECT_FALSE(ring.all_told());
    ASSERT_TRUE(ring.ask());
    EXPECT_FALSE(ring.next_piece().has_value()) << "the first piece is still held";
    ASSERT_TRUE(ring.ask());
    auto gathered = ring.next_piece();
    ASSERT_TRUE(gathered.has_value());
    EXPECT_EQ(gathered->offset, 30u);
    EXPECT_EQ(gathered->length, 70u);
}

TEST(StreamRing, HasNoRoomUntilAPieceIsGivenBack) {
    StreamRing ring;
    for (int i = 0; i < 2; i++) {
        ring.receive(ring.room().length);
        ASSERT_TRUE(ring.next_piece().has_value());
    }
    EXPECT_EQ(ring.room().length, 0u);
    ASSERT_TRUE(ring.ask());
    EXPECT_EQ(ring.room().length, 0u) << "the guest has the first piece now";
    ASSERT_TRUE(ring.ask());
    EXPECT_EQ(ring.room().length, kStreamPieceBytesMax);
}

TEST(StreamRing, AGuestThatWaitsCannotAskAgain) {
    StreamRing ring;
    EXPECT_TRUE(ring.ask());
    EXPECT_TRUE(ring.guest_waits());
    EXPECT_FALSE(ring.ask());
    ring.note_end();
    EXPECT_FALSE(ring.guest_waits());
}

TEST(StreamRing, NeitherRoomNorPieceTouchesWhatTheGuestHolds) {
    std::mt19937 random(7);
    StreamRing ring;
    std::deque<run::RingPiece> out;  // Told and not given back; the front is held once it has been asked for.
    uint64_t told = 0, received = 0;
    bool holds = false;
    auto apart = [](const run::RingPiece& a, const run::RingPiece& b) {
        return a.offset + a.length <= b.offset || b.offset + b.length <= a.offset;
    };
    for (int i = 0; i < 100'000; i++) {
        if (auto room = ring.room(); room.length > 0 && random() % 2) {
            for (const auto& piece : out) ASSERT_TRUE(apart(room, piece));
            uint64_t bytes = 1 + random() % room.length;
            ring.receive(bytes);
            received += bytes;
        }
        if (auto piece = ring.next_piece()) {
            ASSERT_EQ(piece->offset, told % kStreamRingBytes);
            ASSERT_LE(piece->offset + piece->length, kStreamRingBytes);
            told += piece->length;
            out.push_back(*piece);
        }
        ASSERT_LE(told, received);
        if (random() % 3 == 0 && ring.ask()) {
            if (holds) out.pop_front();
            holds = true;
        }
        ASSERT_EQ(ring.guest_waits(), holds && out.empty());
    }
    EXPECT_GT(told, 100 * kStreamRingBytes);
}

}  // namespace
}  // namespace inlay::serve
