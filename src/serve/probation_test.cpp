// Probation: so much is lost at once and no more, then in time; who has overrun less goes first; nobody waits for ever.
#include "serve/probation.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <string>

#include "base/clock.hpp"
#include "base/limits.hpp"

namespace inlay::serve {
namespace {

namespace asio = boost::asio;
constexpr uint64_t kBudgetNs = kExpressBudgetUs * 1000, kNow = 1'000'000'000'000, kPayNs = kBudgetNs * kLostTimeShare;

class ProbationTest : public testing::Test {
  protected:
    void lose(uint64_t times, uint64_t now_ns) {
        for (uint64_t i = 0; i < times; i++) probation_.note_lost(now_ns, kBudgetNs);
    }
    void enter(char name, uint64_t rank, uint64_t wait_ms = 10'000) {
        asio::co_spawn(loop_, [this, name, rank, wait_ms]() -> asio::awaitable<void> {
            bool called = co_await probation_.wait(rank, monotonic_ns() + wait_ms * 1'000'000);
            order_ += called ? name : static_cast<char>(name - 'a' + 'A');
        }, asio::detached);
    }

    Probation probation_;
    asio::io_context loop_;
    std::string order_;  // A capital letter: in vain.
};

TEST_F(ProbationTest, SoMuchIsLostAtOnceAndThenOnePartOfTheTime) {
    const uint64_t at_once = kLostTimeUsMax / kExpressBudgetUs;
    for (uint64_t i = 0; i < at_once; i++) {
        EXPECT_TRUE(probation_.may_begin(kNow));
        lose(1, kNow);
    }
    EXPECT_FALSE(probation_.may_begin(kNow));
    uint64_t begun = 0;
    for (uint64_t now_ns = kNow; now_ns < kNow + 1'000'000'000; now_ns += 100'000)
        if (probation_.may_begin(now_ns)) begun++, lose(1, now_ns);
    EXPECT_LE(begun * kBudgetNs, 1'000'000'000 / kLostTimeShare + kBudgetNs);
    EXPECT_GE(begun * kBudgetNs, 1'000'000'000 / kLostTimeShare - kBudgetNs);
    EXPECT_TRUE(probation_.may_begin(kNow + 3'000'000'000)) << "it is made up for";
}

TEST_F(ProbationTest, HoweverMuchOneHasLostTheOthersHaveTheirTurnAgain) {
    probation_.note_lost(kNow, 14'000'000'000);
    EXPECT_FALSE(probation_.may_begin(kNow));
    EXPECT_TRUE(probation_.may_begin(kNow + kLostTimeDebtMs * 1'000'000));
    for (int i = 0; i < 100; i++) probation_.note_lost(kNow, UINT64_MAX / 2);
    EXPECT_TRUE(probation_.may_begin(kNow + kLostTimeDebtMs * 1'000'000));
}

TEST_F(ProbationTest, WhoHasOverrunLessGoesFirstAndAmongEqualsWhoCameFirst) {
    lose(5, monotonic_ns());
    enter('a', 2), enter('b', 0), enter('c', 2), enter('d', 1), enter('e', 0);
    loop_.run();
    EXPECT_EQ(order_, "bedac");
}

TEST_F(ProbationTest, NobodyWhoWaitsIsOvertaken) {
    lose(5, monotonic_ns());
    enter('a', 0);
    loop_.poll();
    EXPECT_FALSE(probation_.may_begin(kNow * 1'000'000));
    loop_.run();
    EXPECT_EQ(order_, "a");
}

TEST_F(ProbationTest, WhoWaitsIsCalledWhenEnoughIsMadeUpFor) {
    uint64_t began_ns = monotonic_ns();
    lose(6, began_ns);
    enter('a', 0);
    loop_.run();
    EXPECT_EQ(order_, "a");
    EXPECT_GE(monotonic_ns() - began_ns, kPayNs);
}

TEST_F(ProbationTest, TheDeadlineEndsAWait) {
    lose(100, monotonic_ns());
    enter('a', 0, 20);
    loop_.run_for(std::chrono::milliseconds(500));
    EXPECT_EQ(order_, "A");
}

TEST_F(ProbationTest, TooManyDoNotWait) {
    lose(100'000, monotonic_ns());
    for (size_t i = 0; i < kProbationWaitersMax; i++) enter('a', 0);
    loop_.poll();
    enter('b', 0);
    loop_.poll();
    EXPECT_EQ(order_, "B");
}

}  // namespace
}  // namespace inlay::serve
