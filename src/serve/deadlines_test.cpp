// Deadlines: each is called when it is due, one timer for all, and nothing ticks when nothing is.
#include "serve/deadlines.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "base/clock.hpp"

namespace inlay::serve {
namespace {

struct Waiting : Deadlines::Entry {
    void on_deadline() override {
        times++;
        at_ms = coarse_ms();
        if (also) also();
    }
    int times = 0;
    uint64_t at_ms = 0;
    std::function<void()> also;
};

class DeadlinesTest : public testing::Test {
  protected:
    DeadlinesTest() {
        for (auto* entry : {&a_, &b_}) deadlines_.add(*entry);
    }
    // How many handlers ran meanwhile.
    size_t run_for(int ms) {
        loop_.restart();
        return loop_.run_for(std::chrono::milliseconds(ms));
    }

    boost::asio::io_context loop_;
    Deadlines deadlines_{loop_.get_executor()};
    Waiting a_, b_;
};

TEST_F(DeadlinesTest, AnEntryIsCalledOnceWhenItIsDue) {
    uint64_t begin = coarse_ms();
    deadlines_.expect(a_, 80);
    run_for(400);
    EXPECT_EQ(a_.times, 1);
    EXPECT_GE(a_.at_ms, begin + 80);
    EXPECT_LT(a_.at_ms, begin + 350);
    EXPECT_EQ(b_.times, 0);
}

TEST_F(DeadlinesTest, NothingTicksWhenNothingIsDue) {
    EXPECT_EQ(run_for(120), 0u);
    deadlines_.expect(a_, Deadlines::kNever);
    EXPECT_EQ(run_for(120), 0u);
    deadlines_.expect(a_, 10);
    EXPECT_GT(run_for(200), 0u);
    EXPECT_EQ(run_for(200), 0u) << "after the last deadline";
}

TEST_F(DeadlinesTest, AnEarlierDeadlineOfAnotherIsMet) {
    uint64_t begin = coarse_ms();
    deadlines_.expect(a_, 60'000);
    deadlines_.expect(b_, 60);
    run_for(300);
    EXPECT_EQ(a_.times, 0);
    EXPECT_EQ(b_.times, 1);
    EXPECT_LT(b_.at_ms, begin + 250);
}

TEST_F(DeadlinesTest, ADeadlineThatIsPutOffIsNotMetEarly) {
    uint64_t begin = coarse_ms();
    deadlines_.expect(a_, 60);
    deadlines_.expect(a_, 250);
    run_for(150);
    EXPECT_EQ(a_.times, 0);
    run_for(400);
    EXPECT_EQ(a_.times, 1);
    EXPECT_GE(a_.at_ms, begin + 250);
}

TEST_F(DeadlinesTest, ADeadlineThatIsTakenAwayIsNotMet) {
    deadlines_.expect(a_, 60);
    deadlines_.expect(a_, Deadlines::kNever);
    run_for(200);
    EXPECT_EQ(a_.times, 0);
}

TEST_F(DeadlinesTest, EachHasItsTurnWhenItsTimeComes) {
    deadlines_.expect(a_, 50);
    deadlines_.expect(b_, 200);
    run_for(130);
    EXPECT_EQ(a_.times, 1);
    EXPECT_EQ(b_.times, 0);
    run_for(300);
    EXPECT_EQ(b_.times, 1);
}

TEST_F(DeadlinesTest, SeveralAreMetAtOnceAndMayExpectAgain) {
    a_.also = [this] { if (a_.times < 3) deadlines_.expect(a_, 50); };
    deadlines_.expect(a_, 50);
    deadlines_.expect(b_, 50);
    run_for(600);
    EXPECT_EQ(a_.times, 3);
    EXPECT_EQ(b_.times, 1);
}

TEST_F(DeadlinesTest, AnEntryThatEndsIsForgotten) {
    auto gone = std::make_unique<Waiting>();
    deadlines_.add(*gone);
    deadlines_.expect(*gone, 50);
    deadlines_.expect(a_, 60);
    gone.reset();
    run_for(300);
    EXPECT_EQ(a_.times, 1);
}

TEST_F(DeadlinesTest, AnEntryWithoutADeadlineIsNeverDue) {
    deadlines_.expect(b_, 50);
    run_for(200);
    EXPECT_EQ(a_.times, 0) << "it was added and expects nothing";
}

}  // namespace
}  // namespace inlay::serve
