// The cache: finds what is in it, and forgets what was not used for longest.
#include "registry/lru.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace inlay::registry {
namespace {

TEST(Lru, FindsByHashAndName) {
    Lru<int> lru(4);
    EXPECT_EQ(lru.find(1, "one"), nullptr);
    EXPECT_EQ(*lru.insert(1, "one", 11), 11);
    ASSERT_NE(lru.find(1, "one"), nullptr);
    EXPECT_EQ(*lru.find(1, "one"), 11);
    EXPECT_EQ(lru.find(2, "one"), nullptr);
    EXPECT_EQ(lru.find(1, "other"), nullptr) << "another name with the same hash";
}

TEST(Lru, ForgetsTheOneThatWasNotUsedForLongest) {
    Lru<int> lru(3);
    for (int i = 1; i <= 3; i++) lru.insert(static_cast<uint64_t>(i), "n", i);
    EXPECT_TRUE(lru.find(1, "n"));
    lru.insert(4, "n", 4);
    EXPECT_EQ(lru.size(), 3u);
    EXPECT_FALSE(lru.find(2, "n"));
    EXPECT_TRUE(lru.find(1, "n") && lru.find(3, "n") && lru.find(4, "n"));
}

TEST(Lru, AMissIsNoUse) {
    Lru<int> lru(2);
    lru.insert(1, "a", 1), lru.insert(2, "b", 2);
    EXPECT_FALSE(lru.find(1, "other"));
    lru.insert(3, "c", 3);
    EXPECT_FALSE(lru.find(1, "a"));
}

TEST(Lru, ANameWithTheSameHashPushesTheOtherOut) {
    Lru<int> lru(4);
    lru.insert(1, "one", 1);
    lru.insert(1, "other", 2);
    EXPECT_EQ(lru.size(), 1u);
    EXPECT_FALSE(lru.find(1, "one"));
    EXPECT_EQ(*lru.find(1, "other"), 2);
}

TEST(Lru, InsertReplacesWithoutPushingAnythingElseOut) {
    Lru<int> lru(2);
    lru.insert(1, "a", 1), lru.insert(2, "b", 2);
    lru.insert(1, "a", 10);
    EXPECT_EQ(*lru.find(1, "a"), 10);
    EXPECT_TRUE(lru.find(2, "b"));
}

TEST(Lru, ErasesAndClears) {
    Lru<std::shared_ptr<int>> lru(4);
    auto held = std::make_shared<int>(1);
    lru.insert(1, "a", held), lru.insert(2, "b", held);
    lru.erase(1);
    lru.erase(99);
    EXPECT_FALSE(lru.find(1, "a"));
    EXPECT_EQ(held.use_count(), 2);
    lru.clear();
    EXPECT_EQ(lru.size(), 0u);
    EXPECT_FALSE(lru.find(2, "b"));
    EXPECT_EQ(held.use_count(), 1) << "nothing holds what is forgotten";
}

}  // namespace
}  // namespace inlay::registry
