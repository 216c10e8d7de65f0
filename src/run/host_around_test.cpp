// Log, clocks, randomness and cost as a guest sees them.
#include <gtest/gtest.h>

#include <set>

#include "base/clock.hpp"
#include "run/trial.hpp"

namespace inlay::run {
namespace {

constexpr uint32_t kBeyond = 65536;

TEST(HostAround, EveryErrorHasItsCode) {
    Trial trial;
    EXPECT_EQ(trial.code(call("log", {4, 0, 1})), INLAY_E_ARGUMENT);
    EXPECT_EQ(trial.code(call("log", {-1, 0, 1})), INLAY_E_ARGUMENT);
    EXPECT_EQ(trial.code(call("log", {0, kBeyond, 1})), INLAY_E_POINTER);
    EXPECT_EQ(trial.code(call("clock", {2, 16})), INLAY_E_ARGUMENT);
    EXPECT_EQ(trial.code(call("clock", {0, kBeyond - 7})), INLAY_E_POINTER);
    EXPECT_EQ(trial.code(call("random", {0, kRandomBytesMax + 1})), INLAY_E_LIMIT);
    EXPECT_EQ(trial.code(call("random", {1, kRandomBytesMax})), INLAY_E_POINTER);
    EXPECT_EQ(trial.code(call("cost", {kBeyond - 31})), INLAY_E_POINTER);
}

TEST(HostAround, LogLinesComeWithTheOutcomeHoweverItEnds) {
    Trial trial;
    std::string before = text_at(1024, "one two");
    std::string lines = then("log", {INLAY_LOG_WARN, 1024, 3}) + then("log", {INLAY_LOG_DEBUG, 1028, 3});
    for (const char* end : {"(i32.const 0)", "(i32.const 1)", "unreachable"}) {
        auto log = trial.run(lines + end, before).log;
        ASSERT_GE(log.lines.size(), 2u);
        EXPECT_EQ(log.function, "trial");
        EXPECT_EQ(log.invocation, "0000000000000abc");
        EXPECT_EQ(log.lines[0].level, uint64_t{INLAY_LOG_WARN});
        EXPECT_EQ(log.lines[0].text, "one");
        EXPECT_EQ(log.lines[1].text, "two");
    }
}

TEST(HostAround, ATrapsAccountGoesToTheLogAlsoOfAFunctionThatLoggedAllItMay) {
    Trial trial;
    auto few = trial.run("unreachable").log;
    ASSERT_EQ(few.lines.size(), 1u);
    EXPECT_EQ(few.lines[0].level, uint64_t{INLAY_LOG_ERROR});
    EXPECT_NE(few.lines[0].text.find("unreachable"), std::string::npos);
    auto many = trial.run("(loop $l (br_if $l (i32.eqz " + call("log", {0, 0, 1}) + "))) unreachable").log;
    ASSERT_GE(many.lines.size(), 2u);
    EXPECT_NE(many.lines[many.lines.size() - 2].text.find("unreachable"), std::string::npos) << "why it trapped is worth more than one more line";
    EXPECT_TRUE(many.lines.back().text.starts_with("met a limit: "));
}

TEST(HostAround, LogLinesAreCountedAndCut) {
    Trial trial;
    std::string count = "(local $n i32) (loop $l (if (i32.eqz " + call("log", {0, 0, kLogLineBytesMax + 100}) +
                        ") (then (local.set $n (i32.add (local.get $n) (i32.const 1))) (br $l)))) (local.get $n)";
    auto outcome = trial.run(count);
    EXPECT_EQ(std::get<Failed>(outcome.how).code, static_cast<int32_t>(kLogLinesPerInvocationMax));
    ASSERT_EQ(outcome.log.lines.size(), kLogLinesPerInvocationMax + 1);
    EXPECT_EQ(outcome.log.lines.back().text, "met a limit: kLogLinesPerInvocationMax = 100");
    EXPECT_EQ(outcome.log.lines[0].text.size(), kLogLineBytesMax);
    EXPECT_EQ(trial.code("(loop $l (br_if $l (i32.eqz " + call("log", {0, 0, 1}) + ")))" + call("log", {0, 0, 1})), INLAY_E_LIMIT);
}

TEST(HostAround, NoLogIsNoLog) { EXPECT_EQ(Trial().run("(i32.const 0)").log.function, ""); }

TEST(HostAround, TheWallClockIsTheHosts) {
    Trial trial;
    std::string store = then("clock", {INLAY_CLOCK_WALL, 16});
    // In seconds, which fit.
    int32_t seconds = trial.code(store + "(i32.wrap_i64 (i64.div_u (i64.load (i32.const 16)) (i64.const 1000000000)))");
    EXPECT_NEAR(seconds, static_cast<double>(wall_ns() / 1'000'000'000u), 5);
}

TEST(HostAround, TheMonotonicClockBeginsWithTheInvocation) {
    Trial trial;
    std::string later = then("clock", {INLAY_CLOCK_MONOTONIC, 16}) + then("clock", {INLAY_CLOCK_MONOTONIC, 24});
    EXPECT_EQ(trial.code(later + "(i64.lt_u (i64.load (i32.const 24)) (i64.load (i32.const 16)))"), 0);
    EXPECT_EQ(trial.code(later + "(i64.gt_u (i64.load (i32.const 24)) (i64.const 5000000000))"), 0);
}

TEST(HostAround, BothClocksAreToldCoarsely) {
    constexpr uint64_t kStepNs = 10'000'000;
    Trial trial;
    trial.terms.clock = {kStepNs, 7};
    for (uint32_t id : {INLAY_CLOCK_WALL, INLAY_CLOCK_MONOTONIC}) {
        // Until it moves: how often it was asked, and by how much it moved.
        std::string spin = "(local $n i64) " + then("clock", {id, 16}) + "(loop $again (local.set $n (i64.add (local.get $n) (i64.const 1)))" +
                           then("clock", {id, 24}) + "(br_if $again (i64.eq (i64.load (i32.const 16)) (i64.load (i32.const 24)))))";
        std::string moved = "(i64.sub (i64.load (i32.const 24)) (i64.load (i32.const 16)))";
        EXPECT_EQ(trial.code(spin + "(i32.wrap_i64 (i64.rem_u " + moved + "(i64.const 10000000)))"), 0) << id;
        EXPECT_GT(trial.code(spin + "(i32.wrap_i64 (i64.div_u " + moved + "(i64.const 10000000)))"), 0) << id;
        EXPECT_EQ(trial.code(spin + "(i32.wrap_i64 (i64.rem_u (i64.load (i32.const 24)) (i64.const 10000000)))"), 0) << id;
    }
    EXPECT_EQ(trial.code(then("clock", {INLAY_CLOCK_MONOTONIC, 16}) + "(i64.lt_u (i64.const 20000000) (i64.load (i32.const 16)))"), 0)
        << "it begins with the invocation, and does so anywhere in a step";
}

TEST(HostAround, RandomBytesFillTheBufferAndNothingElse) {
    Trial trial;
    std::string fill = then("random", {1000, 300});
    std::string memory = trial.response_of(fill + "(i64.store (i32.const 16) (i64.const 0x800_0000_0000))" + then("respond", {16, 1}));
    std::string first = memory.substr(1000, 300);
    EXPECT_EQ(memory[999], '\0');
    EXPECT_EQ(memory[1300], '\0');
    EXPECT_GT(std::set<char>(first.begin(), first.end()).size(), 100u);
    EXPECT_NE(first.substr(0, 256), first.substr(44, 256));
    EXPECT_EQ(trial.code(call("random", {0, kRandomBytesMax})), 0) << "all of its memory";
    EXPECT_EQ(trial.code(call("random", {0, 0})), 0);
}

TEST(HostAround, CostCountsWhatWasMappedAndCopied) {
    Trial trial;
    trial.add_object("data/one", std::string(50'000, 'x'));
    std::string before = text_at(1024, "data/one");
    std::string work = then("open", {1024, 8, 32}) + then("map", {1, 0, 50'000, 0, 48}) + then("map", {1, 7, 100, 0, 56}) +
                       then("output", {2000, 64}) + then("unmap", {word_at(48)}) + then("cost", {128});
    EXPECT_EQ(trial.code(work + word_at(128), before), 52'000) << "mapped, also what is unmapped again";
    EXPECT_EQ(trial.code(work + word_at(136), before), 100) << "copied";
    EXPECT_EQ(trial.code(work + word_at(144), before), 2) << "windows now";
    EXPECT_EQ(trial.code(work + word_at(152), before), 0) << "reserved";
}

}  // namespace
}  // namespace inlay::run
