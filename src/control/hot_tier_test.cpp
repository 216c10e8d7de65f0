// The hot tier: what it keeps, what it refuses to keep, and who goes when there is no room.
#include "control/hot_tier.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "os/file.hpp"
#include "os/mapping.hpp"
#include "os/memfd.hpp"
#include "store/scratch_directory.hpp"

namespace inlay::control {
namespace {

constexpr uint64_t kBytes = kHotBytesMin;

os::Fd pages_of(const std::string& content) {
    auto pages = os::create_memfd_of("hot-test", content).value();
    EXPECT_TRUE(os::seal(pages.get()).ok());
    return pages;
}

class HotTierTest : public testing::Test {
  protected:
    std::vector<ObjectName> keep(const std::string& key, uint64_t bytes = kBytes) {
        auto object = store::example_object("b", key, "version of " + key);
        object.size_bytes = bytes;
        return tier_.keep(object, pages_of(std::string(bytes, key[0])));
    }
    bool has(const std::string& key) { return static_cast<bool>(tier_.find("version of " + key)); }
    uint64_t count(Counter counter) const { return counters_.get(counter); }

    bool can_reserve(uint64_t bytes) {
        bool can = tier_.reserve_beside_hotter(bytes).has_value();
        if (can) tier_.release(bytes);
        return can;
    }
    bool keep_beside_hotter(const std::string& key, uint64_t bytes = kBytes) {
        auto object = store::example_object("b", key, "version of " + key);
        object.size_bytes = bytes;
        bool kept = tier_.keep_beside_hotter(object, pages_of(std::string(bytes, key[0]))).has_value();
        EXPECT_EQ(kept, has(key));
        return kept;
    }

    uint64_t now_ms_ = 1;
    CounterBlock counters_{};
    HotTier tier_{4 * kBytes, counters_, [this] { return now_ms_; }};
};

TEST_F(HotTierTest, WhatIsKeptIsFoundAndIsTheSamePages) {
    EXPECT_TRUE(keep("a").empty());
    auto found = tier_.find("version of a");
    ASSERT_TRUE(found);
    EXPECT_EQ(os::read_from_start(found.get(), kBytes).value(), std::string(kBytes, 'a'));
    EXPECT_EQ(os::status(found.get())->inode, os::status(tier_.find("version of a").get())->inode);
    EXPECT_FALSE(has("b"));
    EXPECT_EQ(count(Counter::hot_bytes), kBytes);
    EXPECT_EQ(count(Counter::hot_promotions), 1u);
}

TEST_F(HotTierTest, WhoWasNotAskedForLongestGoesFirst) {
    for (auto key : {"a", "b", "c", "d"}) EXPECT_TRUE(keep(key).empty());
    EXPECT_TRUE(has("a"));
    EXPECT_EQ(keep("e", 2 * kBytes), (std::vector<ObjectName>{{"b", "b"}, {"b", "c"}}));
    EXPECT_TRUE(has("a") && !has("b") && !has("c") && has("d") && has("e"));
    EXPECT_EQ(count(Counter::hot_bytes), 4 * kBytes);
    EXPECT_EQ(count(Counter::hot_demotions), 2u);
}

TEST_F(HotTierTest, WhoHasFoundThemKeepsThem) {
    keep("a");
    auto held = tier_.find("version of a");
    tier_.forget("version of a");
    EXPECT_FALSE(has("a"));
    EXPECT_EQ(count(Counter::hot_bytes), 0u);
    EXPECT_EQ(os::read_from_start(held.get(), kBytes).value(), std::string(kBytes, 'a'));
    tier_.forget("version of a");
}

TEST_F(HotTierTest, WhatIsInUseOnlyLatelyTakesNoRoomOfWhatIsInUse) {
    for (auto key : {"a", "b", "c"}) keep(key);
    EXPECT_TRUE(can_reserve(kBytes)) << "one is free";
    EXPECT_FALSE(can_reserve(2 * kBytes));
    EXPECT_FALSE(keep_beside_hotter("d", 2 * kBytes));
    EXPECT_TRUE(keep_beside_hotter("e"));
    now_ms_ += kHotIdleMs - 1;
    EXPECT_TRUE(tier_.touch("version of a"));
    EXPECT_FALSE(keep_beside_hotter("f"));
    now_ms_ += 1;
    EXPECT_FALSE(can_reserve(4 * kBytes)) << "one is in use";
    EXPECT_TRUE(keep_beside_hotter("g", 3 * kBytes));
    EXPECT_TRUE(has("a") && !has("b") && !has("c") && !has("e"));
    EXPECT_FALSE(keep_beside_hotter("h", 5 * kBytes)) << "more than all";
    EXPECT_EQ(count(Counter::hot_bytes), 4 * kBytes);
}

TEST_F(HotTierTest, WhatIsReservedIsTakenFromTheBeginning) {
    for (auto key : {"a", "b", "c", "d"}) keep(key);
    now_ms_ += kHotIdleMs;
    EXPECT_EQ(tier_.reserve_beside_hotter(2 * kBytes), (std::vector<ObjectName>{{"b", "a"}, {"b", "b"}}));
    EXPECT_EQ(count(Counter::hot_bytes), 4 * kBytes);
    keep("e", 3 * kBytes);
    EXPECT_TRUE(has("c") && has("d") && !has("e")) << "there is no room, whoever goes";
    EXPECT_FALSE(tier_.reserve_beside_hotter(3 * kBytes));
    tier_.release(2 * kBytes);
    EXPECT_EQ(count(Counter::hot_bytes), 2 * kBytes);
    EXPECT_TRUE(keep_beside_hotter("f", 2 * kBytes));
    EXPECT_TRUE(has("c") && has("d") && has("f"));
}

TEST_F(HotTierTest, UsesOfWhatIsNotKeptAreNone) {
    EXPECT_FALSE(tier_.touch("version of a"));
    EXPECT_FALSE(keep_beside_hotter("a", 5 * kBytes));
}

TEST_F(HotTierTest, WhenMemoryIsShortTheOldestGoFirst) {
    for (auto key : {"a", "b", "c"}) keep(key);
    auto held = tier_.find("version of a");
    EXPECT_EQ(tier_.shed(kBytes + 1), (std::vector<ObjectName>{{"b", "b"}, {"b", "c"}}));
    EXPECT_EQ(count(Counter::hot_bytes), kBytes);
    EXPECT_EQ(tier_.shed(UINT64_MAX), (std::vector<ObjectName>{{"b", "a"}}));
    EXPECT_TRUE(tier_.shed(1).empty());
    EXPECT_EQ(count(Counter::hot_bytes), 0u);
    EXPECT_EQ(count(Counter::hot_sheds), 3u);
    EXPECT_EQ(os::read_from_start(held.get(), kBytes).value(), std::string(kBytes, 'a')) << "who has it keeps it";
}

TEST_F(HotTierTest, KeepsSoManyAtMost) {
    HotTier large(UINT64_MAX / 2, counters_);
    auto pages = pages_of(std::string(kBytes, 'x'));
    for (size_t i = 0; i < kHotObjectsMax + 3; i++) {
        auto object = store::example_object("b", std::to_string(i), std::to_string(i));
        EXPECT_EQ(large.keep(object, os::duplicate(pages.get())).size(), i < kHotObjectsMax ? 0u : 1u) << i;
    }
    EXPECT_FALSE(large.find("2"));
    EXPECT_TRUE(large.find("3"));
}

TEST_F(HotTierTest, TakesOnlyWhatIsFinalOfItsSizeAndZeroBehindItsEnd) {
    auto can_keep = [&](const os::Fd& pages, uint64_t length) { return tier_.can_keep(pages.get(), length); };
    EXPECT_TRUE(can_keep(pages_of(std::string(kBytes, 'x')), kBytes));
    EXPECT_TRUE(can_keep(pages_of(std::string(2 * kBytes - 1, 'x') + '\0'), 2 * kBytes - 1));
    EXPECT_FALSE(can_keep(pages_of(std::string(2 * kBytes, 'x')), 2 * kBytes - 1)) << "would show in windows";
    EXPECT_FALSE(can_keep(pages_of(std::string(3 * kBytes, '\0')), kBytes)) << "costs more than it has";
    EXPECT_FALSE(can_keep(pages_of(std::string(kBytes, 'x')), kBytes + 1)) << "is not all there";
    EXPECT_FALSE(can_keep(pages_of(std::string(kBytes - 1, 'x')), kBytes - 1)) << "is not worth it";
    EXPECT_FALSE(can_keep(pages_of(std::string(5 * kBytes, 'x')), 5 * kBytes)) << "no room";
    EXPECT_FALSE(can_keep(os::create_memfd_of("hot-test", std::string(kBytes, 'x')).value(), kBytes)) << "may change";
}

}  // namespace
}  // namespace inlay::control
