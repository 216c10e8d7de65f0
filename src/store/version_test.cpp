// Version ids: their form, their order and that no two are the same.
#include "store/version.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

namespace inlay::store {
namespace {

TEST(VersionSource, MakesIdsOfItsEpochThatSortInTheOrderOfMaking) {
    VersionSource source(0xfedcba98);
    std::string first = source.next(), second = source.next();
    EXPECT_TRUE(is_version(first));
    EXPECT_EQ(epoch_of(first), 0xfedcba98u);
    EXPECT_EQ(epoch_of(VersionSource(7).next()), 7u);
    EXPECT_LT(first, second);
}

TEST(VersionSource, OfTheSameEpochDoesNotRepeatTheIdsOfAnother) {
    EXPECT_NE(VersionSource(1).next(), VersionSource(1).next());
}

TEST(VersionSource, GivesEachThreadItsOwnIds) {
    VersionSource source(1);
    std::vector<std::vector<std::string>> made(4);
    {
        std::vector<std::jthread> threads;
        for (auto& mine : made)
            threads.emplace_back([&] {
                for (int i = 0; i < 1000; i++) mine.push_back(source.next());
            });
    }
    std::set<std::string> all;
    for (auto& mine : made) all.insert(mine.begin(), mine.end());
    EXPECT_EQ(all.size(), 4000u);
}

TEST(IsVersion, RefusesOtherLengthsAndOtherDigits) {
    std::string good(kVersionBytes, 'a');
    EXPECT_TRUE(is_version(good));
    EXPECT_FALSE(is_version(""));
    EXPECT_FALSE(is_version(good + "a"));
    EXPECT_FALSE(is_version(good.substr(1)));
    for (char bad : {'A', 'g', '/', '.', ' ', '\0', '\xff'}) EXPECT_FALSE(is_version(good.substr(1) + bad)) << bad;
}

}  // namespace
}  // namespace inlay::store
