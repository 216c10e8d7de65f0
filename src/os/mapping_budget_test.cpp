// The budget of mappings: what is taken is gone until it is given back.
#include "os/mapping_budget.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace inlay::os {
namespace {

TEST(MappingBudget, GivesWhatThereIsAndNoMore) {
    MappingBudget budget(5);
    EXPECT_TRUE(budget.try_take(3));
    EXPECT_FALSE(budget.try_take(3));
    EXPECT_EQ(budget.left(), 2u) << "a refusal takes nothing";
    EXPECT_TRUE(budget.try_take(2));
    EXPECT_FALSE(budget.try_take(1));
    budget.give_back(1);
    EXPECT_TRUE(budget.try_take(1));
}

TEST(MappingBudget, TheKernelsBoundIsAsked) {
    size_t told = 0;
    std::ifstream("/proc/sys/vm/max_map_count") >> told;
    EXPECT_EQ(mappings_max(), told);
}

}  // namespace
}  // namespace inlay::os
