// Pages of bodies: bounded, passed on within one owner, never with bytes of an earlier body behind the new one's end.
#include "serve/body_memory.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include <cstring>

#include "base/limits.hpp"

namespace inlay::serve {
namespace {

class BodyMemoryTest : public testing::Test {
  protected:
    // A body of `size` bytes, all `fill`; its pages.
    std::shared_ptr<const os::Pages> body(std::string_view owner, uint64_t size, char fill = 'x') {
        auto room = memory_.take(owner, size);
        if (!room.ok()) return nullptr;
        std::memset((*room)->pages.writable(), fill, size);
        return BodyMemory::finish(std::move(room).value(), size);
    }
    Errc refusal(uint64_t size) {
        auto room = memory_.take("a", size);
        return room.ok() ? Errc::internal : room.error().code;
    }

    boost::asio::io_context loop_;
    Deadlines deadlines_{loop_.get_executor()};
    BodyMemory memory_{deadlines_, 8 * MiB, 4 * MiB};
};

TEST_F(BodyMemoryTest, PagesPassOnWithinOneOwnerOnly) {
    int first = body("a", 1 * MiB)->fd();
    EXPECT_EQ(memory_.kept_bytes(), 1 * MiB);
    auto others = body("b", 1 * MiB);
    EXPECT_NE(others->fd(), first);
    auto again = body("a", 1 * MiB);
    EXPECT_EQ(again->fd(), first);
    EXPECT_EQ(memory_.kept_bytes(), 0u);
}

TEST_F(BodyMemoryTest, NothingOfTheBodyBeforeIsBehindAShorterOne) {
    body("a", 1 * MiB, 'o');
    auto shorter = body("a", 5000, 'n');
    EXPECT_EQ(shorter->view(), std::string(5000, 'n'));
    size_t tail = os::round_up(5000, os::page_size()) - 5000;
    EXPECT_EQ(std::string_view(shorter->view().data() + 5000, tail), std::string(tail, '\0'));
}

TEST_F(BodyMemoryTest, KeptPagesGrowForALongerBody) {
    int first = body("a", 5000)->fd();
    auto longer = body("a", 2 * MiB, 'l');
    EXPECT_EQ(longer->fd(), first);
    EXPECT_EQ(longer->view(), std::string(2 * MiB, 'l'));
}

TEST_F(BodyMemoryTest, PagesThatWereLentAreNotWrittenAgain) {
    auto lent = body("a", 5000);
    lent->note_lent();
    lent.reset();
    EXPECT_EQ(memory_.kept_bytes(), 0u);
}

TEST_F(BodyMemoryTest, PagesThatAreNotKeptAreFreeWhoeverHasMappedThem) {
    auto held = body("a", 5000);
    auto elsewhere = os::Mapping::create(held->fd(), 0, 5000, os::Access::read, os::Sharing::private_).value();
    EXPECT_EQ(elsewhere.data()[0], 'x');
    held.reset();
    EXPECT_EQ(elsewhere.data()[0], 'x') << "kept for the next body";
    memory_.keep_nothing();
    EXPECT_EQ(elsewhere.data()[0], 0);
}

TEST_F(BodyMemoryTest, IsUsedUpAndComesBack) {
    auto first = body("a", 4 * MiB), second = body("b", 4 * MiB);
    EXPECT_EQ(refusal(1), Errc::overloaded);
    first.reset();
    EXPECT_NE(body("a", 4 * MiB), nullptr);
    EXPECT_EQ(refusal(8 * MiB + 1), Errc::body_too_large);
}

TEST_F(BodyMemoryTest, OneOwnerHasHalfOfItAtMost) {
    EXPECT_EQ(memory_.largest(), 4 * MiB);
    auto first = body("a", 3 * MiB);
    EXPECT_EQ(refusal(1 * MiB + 1), Errc::overloaded);
    EXPECT_NE(body("b", 4 * MiB), nullptr);
    // Also not with the help of what was kept.
    auto second = body("a", 1 * MiB);
    first.reset();
    auto third = body("a", 3 * MiB);
    EXPECT_EQ(refusal(1), Errc::overloaded);
    second.reset();
    EXPECT_EQ(refusal(1 * MiB + 1), Errc::overloaded);
    EXPECT_NE(body("a", 1 * MiB), nullptr);
}

TEST_F(BodyMemoryTest, SaysBeforeWhetherThereIsRoom) {
    EXPECT_TRUE(memory_.has_room("a", 4 * MiB));
    EXPECT_FALSE(memory_.has_room("a", 4 * MiB + 1));
    auto first = body("a", 3 * MiB);
    EXPECT_TRUE(memory_.has_room("a", 1 * MiB));
    EXPECT_FALSE(memory_.has_room("a", 1 * MiB + 1)) << "its part";
    auto second = body("b", 4 * MiB);
    EXPECT_TRUE(memory_.has_room("c", 1 * MiB));
    EXPECT_FALSE(memory_.has_room("c", 1 * MiB + 1)) << "all of it";
    second.reset();
    EXPECT_TRUE(memory_.has_room("c", 4 * MiB)) << "what is kept makes room";
}

TEST_F(BodyMemoryTest, WhatIsKeptMakesRoomForOthers) {
    body("a", 4 * MiB);
    EXPECT_EQ(memory_.kept_bytes(), 4 * MiB);
    auto first = body("b", 4 * MiB), second = body("c", 4 * MiB);
    EXPECT_TRUE(first && second);
    EXPECT_EQ(memory_.kept_bytes(), 0u);
}

TEST_F(BodyMemoryTest, KeepsHalfAndSoManyAtMost) {
    {
        auto first = body("a", 3 * MiB), second = body("b", 3 * MiB);
    }
    EXPECT_EQ(memory_.kept_bytes(), 3 * MiB);
    std::vector<std::shared_ptr<const os::Pages>> many;
    for (size_t i = 0; i < kBodiesKeptMax + 10; i++) many.push_back(body("m", 4096));
    many.clear();
    EXPECT_EQ(memory_.kept_bytes(), kBodiesKeptMax * 4096);
}

TEST_F(BodyMemoryTest, KeepsNothingAtTheEnd) {
    auto held = body("a", 1 * MiB);
    body("b", 1 * MiB);
    memory_.keep_nothing();
    held.reset();
    EXPECT_EQ(memory_.kept_bytes(), 0u);
    EXPECT_NE(body("a", 4 * MiB), nullptr);
}

}  // namespace
}  // namespace inlay::serve
