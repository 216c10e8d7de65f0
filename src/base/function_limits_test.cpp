// The table of a function's limits: whole, and told apart from what is none.
#include "base/function_limits.hpp"

#include <gtest/gtest.h>

#include <set>

namespace inlay {
namespace {

TEST(FunctionLimits, EachHasARowWithADefaultWithinItsBounds) {
    EXPECT_EQ(kFunctionLimits.size() * sizeof(uint64_t), sizeof(FunctionLimits)) << "no limit without a row";
    std::set<std::string_view> names;
    std::set<const uint64_t*> places;
    FunctionLimits limits;
    for (const auto& row : kFunctionLimits) {
        EXPECT_TRUE(names.insert(row.name).second && places.insert(&(limits.*row.value)).second) << row.name;
        EXPECT_EQ(find_function_limit(row.name), &row);
        EXPECT_FALSE(row.bounds.empty());
    }
    EXPECT_TRUE(are_within_bounds(limits));
    EXPECT_EQ(find_function_limit("timeout"), nullptr);
    EXPECT_EQ(find_function_limit(""), nullptr);
}

TEST(FunctionLimits, OfZeroOrBeyondTheirMaximumAreNotWithinBounds) {
    for (const auto& row : kFunctionLimits) {
        FunctionLimits limits;
        limits.*row.value = row.max;
        EXPECT_TRUE(are_within_bounds(limits)) << row.name;
        limits.*row.value = row.max + 1;
        EXPECT_FALSE(are_within_bounds(limits)) << row.name;
        limits.*row.value = 0;
        EXPECT_FALSE(are_within_bounds(limits)) << row.name;
    }
}

TEST(FunctionLimits, AreTheSameAfterTheirText) {
    FunctionLimits limits;
    uint64_t value = 3;
    for (const auto& row : kFunctionLimits) limits.*row.value = value++;
    EXPECT_EQ(parse_limits(format_limits(limits)), limits);
    EXPECT_TRUE(format_limits(limits).starts_with("timeout_ms=3 cpu_ms=4 "));
}

TEST(FunctionLimits, OfATextThatLacksOneOrHasAnotherAreTheDefaults) {
    EXPECT_EQ(parse_limits(""), FunctionLimits{});
    EXPECT_EQ(parse_limits("unknown=7 windows windows= =3 windows=x windows=0 windows=-1 windows=3x"), FunctionLimits{});
    FunctionLimits fewer;
    fewer.windows = 5;
    EXPECT_EQ(parse_limits("later=1 windows=5"), fewer);
    EXPECT_EQ(parse_limits("windows=99999999"), FunctionLimits{}) << "more than there can be is as many as there can be";
}

}  // namespace
}  // namespace inlay
