// A function's environment, and what is learned of how it runs.
#include "registry/function.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace inlay::registry {
namespace {

Function with(std::string environment) {
    Function function;
    function.record.env = std::move(environment);
    return function;
}

TEST(FunctionEnvironment, FindsVariablesByTheirWholeName) {
    auto function = with(std::string("A=1\0AB=2\0EMPTY=\0EQUALS=a=b\0", 28));
    EXPECT_EQ(function.environment("A"), "1");
    EXPECT_EQ(function.environment("AB"), "2");
    EXPECT_EQ(function.environment("EMPTY"), "");
    EXPECT_EQ(function.environment("EQUALS"), "a=b");
    EXPECT_EQ(function.environment("B"), std::nullopt);
    EXPECT_EQ(function.environment("a"), std::nullopt);
    EXPECT_EQ(function.environment(""), std::nullopt);
    EXPECT_EQ(function.environment("EQUALS=a"), std::nullopt);
}

TEST(FunctionEnvironment, ThatIsEmptyOrOddHoldsNothing) {
    EXPECT_EQ(with("").environment("A"), std::nullopt);
    EXPECT_EQ(with(std::string("\0\0", 2)).environment("A"), std::nullopt);
    EXPECT_EQ(with("A").environment("A"), std::nullopt) << "no value";
    EXPECT_EQ(with("A=1").environment("A"), "1") << "no end";
    EXPECT_EQ(with(std::string("A\0A=2\0", 6)).environment("A"), "2");
}

TEST(Object, LivesAsLongAsItsPages) {
    auto object = std::make_shared<const Object>();
    std::weak_ptr<const Object> watched = object;
    auto pages = pages_of(std::move(object));
    EXPECT_FALSE(watched.expired());
    pages.reset();
    EXPECT_TRUE(watched.expired());
}

TEST(Tendency, BeginsLightAndIsHeavyForAWhileAfterAnOverrun) {
    Tendency tendency;
    EXPECT_FALSE(tendency.is_heavy(0));
    tendency.note_overrun(1000);
    EXPECT_TRUE(tendency.is_heavy(1000));
    EXPECT_TRUE(tendency.is_heavy(1000 + kHeavyMsMin - 1));
    EXPECT_FALSE(tendency.is_heavy(1000 + kHeavyMsMin)) << "tried again";
}

TEST(Tendency, IsTrustedAfterARunThatEndedInTimeAndNotAfterAnOverrunUntilTheNext) {
    Tendency tendency;
    EXPECT_FALSE(tendency.is_trusted(1000)) << "new";
    tendency.note_in_time();
    EXPECT_TRUE(tendency.is_trusted(1000));
    tendency.note_overrun(1000);
    EXPECT_FALSE(tendency.is_trusted(1000));
    tendency.note_in_time();
    EXPECT_FALSE(tendency.is_trusted(1000 + kHeavyMsMin - 1)) << "the while goes on";
    EXPECT_TRUE(tendency.is_trusted(1000 + kHeavyMsMin));
    tendency.note_overrun(1000 + kHeavyMsMin);
    EXPECT_FALSE(tendency.is_trusted(1000 + 10 * kHeavyMsMin)) << "not by time alone";
}

TEST(Tendency, IsTrustedAfterAShortRunInALaneToo) {
    Tendency tendency;
    tendency.note_lane_run(kExpressBudgetUs);
    EXPECT_FALSE(tendency.is_trusted(1000));
    tendency.note_lane_run(1);
    EXPECT_TRUE(tendency.is_trusted(1000));
}

TEST(Tendency, RanksThoseThatOverrunAgainAndAgainBehindOthers) {
    Tendency once, often, never;
    once.note_overrun(1000);
    for (uint64_t i = 0; i < 3; i++) often.note_overrun(1000 + i);
    EXPECT_LT(never.rank(), once.rank());
    EXPECT_LT(once.rank(), often.rank());
}

TEST(LaneTime, CountsHalfAfterAWhile) {
    LaneTime time;
    EXPECT_EQ(time.recent_us(5), 0u);
    time.add(1000, 80);
    EXPECT_EQ(time.recent_us(1000 + kLaneTimeHalvesMs - 1), 80u);
    EXPECT_EQ(time.recent_us(1000 + kLaneTimeHalvesMs), 40u);
    time.add(1000 + kLaneTimeHalvesMs, 10);
    EXPECT_EQ(time.recent_us(1000 + kLaneTimeHalvesMs), 50u);
    EXPECT_EQ(time.recent_us(1000 + 100 * kLaneTimeHalvesMs), 0u);
}

TEST(Tendency, OverrunsInARowMakeTheWhileLongerUpToALimit) {
    Tendency tendency;
    uint64_t now = 1000;
    for (uint64_t length = kHeavyMsMin; length < kHeavyMsMax; length *= 2) {
        tendency.note_overrun(now);
        EXPECT_TRUE(tendency.is_heavy(now + length - 1));
        EXPECT_FALSE(tendency.is_heavy(now + length));
        now += length;
    }
    for (int i = 0; i < 3; i++) tendency.note_overrun(now);
    EXPECT_FALSE(tendency.is_heavy(now + kHeavyMsMax));
}

TEST(Tendency, AnOverrunLongAfterTheLastCountsAsTheFirst) {
    Tendency tendency;
    tendency.note_overrun(0);
    tendency.note_overrun(10 * kHeavyMsMin);
    EXPECT_FALSE(tendency.is_heavy(11 * kHeavyMsMin));
}

TEST(Tendency, ARowOfShortRunsEndsTheWhileAndALongOneBreaksTheRow) {
    Tendency tendency;
    tendency.note_overrun(0);
    for (int i = 0; i < 7; i++) tendency.note_lane_run(100);
    tendency.note_lane_run(kExpressBudgetUs);
    for (int i = 0; i < 7; i++) tendency.note_lane_run(100);
    EXPECT_TRUE(tendency.is_heavy(1));
    tendency.note_lane_run(100);
    EXPECT_FALSE(tendency.is_heavy(1));
}

}  // namespace
}  // namespace inlay::registry
