// Free space: the smallest piece that fits is found, and what was cut grows together again.
#include "engine/free_space.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace inlay::engine {
namespace {

TEST(FreeSpace, IsEmptyAtFirst) { EXPECT_FALSE(FreeSpace().find(0)); }

TEST(FreeSpace, TheSmallestThatFitsIsFound) {
    FreeSpace space;
    space.give({100, 50});
    space.give({200, 10});
    space.give({300, 30});
    EXPECT_EQ(space.find(5), (Extent{200, 10}));
    EXPECT_EQ(space.find(11), (Extent{300, 30}));
    EXPECT_EQ(space.find(50), (Extent{100, 50}));
    EXPECT_FALSE(space.find(51));
    EXPECT_EQ(space.find(5, [](const Extent& extent) { return extent.offset < 200; }), (Extent{100, 50}));
}

TEST(FreeSpace, WhatIsTakenIsNotFoundAndTheRestIs) {
    FreeSpace space;
    space.give({100, 50});
    space.take(100, 20);
    EXPECT_EQ(space.find(1), (Extent{120, 30}));
    EXPECT_FALSE(space.find(31));
    space.take(120, 30);
    EXPECT_FALSE(space.find(1));
}

TEST(FreeSpace, NeighboursGrowTogetherOnBothSides) {
    FreeSpace space;
    space.give({100, 50});
    space.give({200, 50});
    space.give({300, 50});
    EXPECT_EQ(space.extents(), 3u);
    space.give({150, 50});
    EXPECT_EQ(space.find(150), (Extent{100, 150}));
    space.give({260, 40});
    EXPECT_EQ(space.find(90, [](const Extent& extent) { return extent.offset > 100; }), (Extent{260, 90}));
    EXPECT_EQ(space.extents(), 2u);
}

TEST(FreeSpace, AgreesWithAMapOfBytes) {
    constexpr uint64_t kBytes = 256;
    std::mt19937_64 dice(7);
    FreeSpace space;
    std::vector<bool> is_free(kBytes, true);
    space.give({0, kBytes});
    std::vector<Extent> taken;
    for (int step = 0; step < 20'000; step++) {
        if (taken.empty() || dice() % 2) {
            uint64_t size = 1 + dice() % 20;
            auto found = space.find(size);
            if (!found) continue;
            space.take(found->offset, size);
            taken.push_back({found->offset, size});
        } else {
            std::swap(taken[dice() % taken.size()], taken.back());
            space.give(taken.back());
            taken.pop_back();
        }
        std::fill(is_free.begin(), is_free.end(), true);
        for (const auto& extent : taken)
            for (uint64_t i = 0; i < extent.size; i++) {
                ASSERT_TRUE(is_free[extent.offset + i]) << "taken twice";
                is_free[extent.offset + i] = false;
            }
        size_t runs = 0;
        for (uint64_t i = 0; i < kBytes; i++) runs += is_free[i] && (i == 0 || !is_free[i - 1]);
        ASSERT_EQ(space.extents(), runs) << "step " << step;
    }
}

}  // namespace
}  // namespace inlay::engine
