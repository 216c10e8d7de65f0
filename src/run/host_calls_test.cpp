// Calls: what a callee sees, what comes back, how each ending is told, and that nothing moves that need not.
#include <gtest/gtest.h>

#include <algorithm>

#include "os/mapping.hpp"
#include "run/trial.hpp"

namespace inlay::run {
namespace {

constexpr uint32_t kName = 1024, kQuery = 1100, kOut = 16, kRanges = 64, kResult = 128, kResultFirst = 140, kText = 2048;
constexpr uint32_t kBig = 300'000;
const std::string kNames = text_at(kName, "callee") + text_at(kQuery, "a=b&c=d");

std::string store_at(uint32_t address, const std::string& value) { return "(i32.store (i32.const " + std::to_string(address) + ") " + value + ")"; }
std::string constant(int64_t value) { return "(i32.const " + std::to_string(value) + ")"; }
// Calls `callee` with so many ranges from kRanges on.
std::string call_with(uint32_t ranges) { return call("call", {kName, 6, kQuery, 0, kRanges, ranges, kResult}); }
// One range of memory, as the only one.
std::string give(const std::string& address, const std::string& length) { return store_at(kRanges, address) + store_at(kRanges + 4, length); }
// The window at kOut as the only one.
const std::string kGiveWindow = give(word_at(kOut), word_at(kOut + 4));
const std::string kMapBody = then("map", {0, 0, kBig, 0, kOut});
// Maps the first piece of the result to kOut.
const std::string kMapResult = "(drop (call $map " + word_at(kResultFirst) + " (i64.const 0) (i64.load (i32.const 152)) (i32.const 0) (i32.const 16)))";
const std::string kRespondWindow = kGiveWindow + then("respond", {kRanges, 1});
// A callee that gives its first input back.
const std::string kGivesBack = then("call_input", {0, 32}) + "(drop (call $map (i32.load (i32.const 32)) (i64.const 0) (i64.load (i32.const 40)) (i32.const 0) (i32.const 16)))" + kRespondWindow + "(i32.const 0)";

class Calls : public testing::Test {
  protected:
    Trial trial_;

    std::string pattern(size_t size) {
        std::string text(size, 0);
        for (size_t i = 0; i < size; i++) text[i] = static_cast<char>(i * 131 + i / 4096);
        return text;
    }
};

TEST_F(Calls, InputsAndResultsAreHandedOverWhereTheyLie) {
    trial_.set_body(pattern(kBig));
    trial_.add_function("callee", kGivesBack);
    auto outcome = trial_.run(kMapBody + kGiveWindow + "(if " + call_with(1) + " (then unreachable))" + kMapResult + kRespondWindow + "(i32.const 0)", kNames);
    auto* completed = std::get_if<Completed>(&outcome.how);
    ASSERT_TRUE(completed);
    EXPECT_EQ(content_of(completed->response), pattern(kBig));
    EXPECT_EQ(completed->response.content[0].pages.get(), trial_.request.body.pages.get()) << "the very pages of the body";
    EXPECT_EQ(outcome.cost.copied.total(), 0u);
    EXPECT_EQ(outcome.cost.mapped_bytes, 3u * kBig);
}

TEST_F(Calls, AFunctionThatKnowsOnlyBodiesCanBeCalled) {
    trial_.add_function("callee", then("body", {32}) + "(drop (call $map (i32.load (i32.const 32)) (i64.const 0) (i64.load (i32.const 40)) (i32.const 0) (i32.const 16)))" + kRespondWindow + "(i32.const 0)");
    EXPECT_EQ(trial_.response_of(give(constant(kText), "(i32.const 5)") + "(drop " + call_with(1) + ")" + kMapResult + kRespondWindow, kNames + text_at(kText, "hello")), "hello");
    EXPECT_EQ(trial_.calls.size(), 1u);
}

TEST_F(Calls, AfterACallTheBodyIsStillTheBody) {
    trial_.set_body(pattern(kBig));
    trial_.add_function("callee", give(constant(kText), "(i32.const 5)") + then("respond", {kRanges, 1}) + "(i32.const 0)", text_at(kText, "hello"));
    EXPECT_EQ(trial_.response_of("(drop " + call_with(0) + ")" + then("body", {32}) + kMapBody + kGiveWindow + then("respond", {kRanges, 1}), kNames), pattern(kBig));
    EXPECT_EQ(trial_.response_of("(drop " + call_with(0) + ")" + kMapResult + kRespondWindow, kNames), "hello");
    EXPECT_EQ(trial_.code("(drop " + call_with(0) + ")" + word_at(kResultFirst), kNames), 1);
}

TEST_F(Calls, EachLevelHasAWholeStack) {
    // Each goes down as far as it comes, a little less, before it calls the next one.
    const std::string deep = "(func $deep (param $n i32) (result i32) (if (result i32) (local.get $n) (then (i32.add (call $deep (i32.sub (local.get $n) "
                             "(i32.const 1))) (i32.const 0))) (else " + call_with(0) + ")))";
    trial_.add_function("callee", "(drop (call $deep (i32.const 6000))) (i32.const 0)", kNames + deep);
    EXPECT_EQ(trial_.code("(drop (call $deep (i32.const 6000))) (i32.const 0)", kNames + deep), 0);
    EXPECT_EQ(trial_.calls.size(), kCallDepthMax);
    for (const auto& call : trial_.calls) EXPECT_TRUE(call.log.lines.size() <= 1) << call.log.lines[0].text;
    trial_.add_function("callee", "(call $down)", "(func $down (result i32) (i32.add (call $down) (i32.const 1)))");
    EXPECT_EQ(trial_.code("(drop " + call_with(0) + ")" + word_at(kResult), kNames), INLAY_ENDING_TRAPPED);
}

TEST_F(Calls, NothingOfAPageBesideItsInputIsSeen) {
    std::string body = pattern(kBig);
    trial_.set_body(body);
    // From byte 5000 on 100,001 bytes: both edges lie inside of pages.
    trial_.add_function("callee", then("call_input", {0, 32}) + "(drop (call $map (i32.const 0) (i64.const 0) (i64.load (i32.const 40)) (i32.const 0) (i32.const 16)))" +
                                      // All that can be seen around it: the whole pages.
                                      store_at(kRanges, "(i32.and " + word_at(kOut) + " (i32.const -4096))") + store_at(kRanges + 4, constant(102'400)) +
                                      then("send", {kRanges, 1}) + "(i32.const 0)");
    auto outcome = trial_.run(kMapBody + give("(i32.add " + word_at(kOut) + " (i32.const 5000))", constant(100'001)) + "(drop " + call_with(1) + ")" + kMapResult + kRespondWindow + "(i32.const 0)", kNames);
    auto* completed = std::get_if<Completed>(&outcome.how);
    ASSERT_TRUE(completed);
    std::string seen = content_of(completed->response);
    ASSERT_EQ(seen.size(), 102'400u);
    const size_t head = 5000 - 4096, end = head + 100'001;
    EXPECT_EQ(seen.substr(head, 100'001), body.substr(5000, 100'001));
    EXPECT_EQ(seen.substr(0, head), std::string(head, '\0'));
    EXPECT_EQ(seen.substr(end), std::string(seen.size() - end, '\0'));
    EXPECT_EQ(outcome.cost.copied.small, (4096 - head) + (end - end / 4096 * 4096)) << "of its two edge pages what is its own";
}

TEST_F(Calls, APieceInsideOfOnePageIsCopiedOnce) {
    trial_.set_body(pattern(kBig));
    trial_.add_function("callee", then("call_input", {0, 32}) + then("map", {0, 1, 20'000, 0, 16}) + kRespondWindow + "(i32.const 0)");
    auto outcome = trial_.run(kMapBody + give("(i32.add " + word_at(kOut) + " (i32.const 4096))", constant(24'576)) + "(drop " + call_with(1) + ")" + kMapResult + kRespondWindow + "(i32.const 0)", kNames);
    auto* completed = std::get_if<Completed>(&outcome.how);
    ASSERT_TRUE(completed);
    EXPECT_EQ(content_of(completed->response), pattern(kBig).substr(4097, 20'000));
    // The callee's window needs no edge: both of its pages' neighbours are its input's. What it gives back has two.
    EXPECT_EQ(outcome.cost.copied.small, (4096 - 1) + (20'001 - 20'001 / 4096 * 4096));
}

TEST_F(Calls, InputsAreReadOnly) {
    trial_.set_body(pattern(kBig));
    trial_.add_function("callee", then("call_input", {0, 32}) + then("map", {0, 0, kBig, 0, 16}) + store_at(0, "(i32.const 0)") + "(i32.store8 " + in_window(kOut, 7) + " (i32.const 1)) (i32.const 0)");
    EXPECT_EQ(trial_.code(kMapBody + kGiveWindow + call_with(1), kNames), INLAY_E_CALLEE);
    EXPECT_EQ(trial_.code(kMapBody + kGiveWindow + "(drop " + call_with(1) + ")" + word_at(kResult), kNames), INLAY_ENDING_TRAPPED);
    auto content = os::read_from_start(trial_.request.body.pages->fd(), kBig);
    EXPECT_EQ(*content, pattern(kBig));
}

TEST_F(Calls, AnOutputThatWasHandedOverIsFinal) {
    trial_.add_function("callee", kGivesBack);
    const std::string make = then("output", {100'000, kOut}) + "(i32.store8 " + in_window(kOut, 3) + " (i32.const 42))" + kGiveWindow;
    EXPECT_EQ(trial_.code(make + "(drop " + call_with(1) + ")(i32.load8_u " + in_window(kOut, 3) + ")", kNames), 42) << "it can be read";
    auto error = trial_.error_of(make + "(drop " + call_with(1) + ")(i32.store8 " + in_window(kOut, 3) + " (i32.const 1)) (i32.const 0)", kNames);
    EXPECT_EQ(error.code, Errc::input_is_read_only);
    EXPECT_EQ(trial_.code(make + "(drop " + call_with(1) + ")(call $move " + word_at(kOut) + " (i64.const 0) (i64.const 1) (i32.const 512))", kNames), INLAY_E_ABSENT)
        << "no window of a source begins there";
    EXPECT_NE(error.detail.find("handed to a function"), std::string::npos) << error.detail;
}

TEST_F(Calls, AFaultOfTheCallerAfterACallIsStillItsOwn) {
    trial_.set_body(pattern(kBig));
    trial_.add_function("callee", kGivesBack);
    EXPECT_EQ(trial_.error_of(kMapBody + kGiveWindow + "(drop " + call_with(1) + ")(memory.fill " + word_at(kOut) + " (i32.const 1) (i32.const 100)) (i32.const 0)", kNames).code,
              Errc::input_is_read_only);
    EXPECT_EQ(*os::read_from_start(trial_.request.body.pages->fd(), kBig), pattern(kBig));
}

TEST_F(Calls, EachEndingIsToldWithItsReason) {
    trial_.add_function("callee", "(i32.const 7)");
    EXPECT_EQ(trial_.code(call_with(0), kNames), INLAY_E_CALLEE);
    EXPECT_EQ(trial_.code("(drop " + call_with(0) + ")" + word_at(kResult), kNames), INLAY_ENDING_FAILED);
    EXPECT_EQ(trial_.code("(drop " + call_with(0) + ")" + word_at(kResult + 4), kNames), 7);
    auto told = [&] { return trial_.response_of("(drop " + call_with(0) + ")" + kMapResult + kRespondWindow, kNames); };
    EXPECT_TRUE(told().starts_with("function \"callee\" returned 7; nothing it staged took effect (invocation ")) << told();
    trial_.add_function("callee", "unreachable");
    EXPECT_EQ(trial_.code("(drop " + call_with(0) + ")" + word_at(kResult), kNames), INLAY_ENDING_TRAPPED);
    EXPECT_TRUE(told().starts_with("function \"callee\" trapped: unreachable instruction (invocation ")) << told();
    EXPECT_EQ(trial_.calls.back().log.lines.size(), 1u) << "the engine's account is in the callee's log";
    trial_.add_function("callee", "(loop $l (br $l)) (i32.const 0)").record.limits.timeout_ms = 20;
    EXPECT_EQ(trial_.code("(drop " + call_with(0) + ")" + word_at(kResult), kNames), INLAY_ENDING_TIMED_OUT);
    trial_.admission_error = Error{Errc::function_over_limit, "too many"};
    EXPECT_EQ(trial_.code("(drop " + call_with(0) + ")" + word_at(kResult), kNames), INLAY_ENDING_REFUSED);
    EXPECT_EQ(told(), "too many");
    trial_.admission_error = Error{Errc::not_implemented, "isolated"};
    EXPECT_EQ(trial_.code(call_with(0), kNames), INLAY_E_DENIED);
}

TEST_F(Calls, WhoCallsGoesOnAfterTheCalleesTimeAndEndsAtItsOwn) {
    trial_.limits.timeout_ms = 200;
    trial_.add_function("callee", "(loop $l (br $l)) (i32.const 0)").record.limits.timeout_ms = 20;
    const std::string spin = "(loop $again (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if $again (i32.lt_u (local.get $n) (i32.const 1000000))))";
    const std::string caller = "(func $caller (result i32) (local $n i32) (drop " + call_with(0) + ")" + spin + word_at(kResult) + ")";
    EXPECT_EQ(trial_.code("(call $caller)", kNames + caller), INLAY_ENDING_TIMED_OUT);
    uint64_t began = monotonic_ns();
    EXPECT_EQ(trial_.error_of("(loop $l (drop " + call_with(0) + ") (br $l)) (i32.const 0)", kNames).code, Errc::function_timed_out);
    EXPECT_LT(monotonic_ns() - began, 1'000'000'000u);
    trial_.add_function("callee", "(loop $l (br $l)) (i32.const 0)");
    began = monotonic_ns();
    EXPECT_EQ(trial_.error_of("(drop " + call_with(0) + ") (loop $l (br $l)) (i32.const 0)", kNames).code, Errc::function_timed_out) << "a callee has no more time than its caller";
    EXPECT_LT(monotonic_ns() - began, 1'000'000'000u);
}

TEST_F(Calls, AnExpressAttemptIsOverWithItsCallees) {
    trial_.terms.place = Place::express;
    trial_.add_function("callee", "(loop $l (br $l)) (i32.const 0)");
    EXPECT_TRUE(std::holds_alternative<Unfinished>(trial_.run(call_with(0), kNames).how));
    trial_.add_function("callee", "(i32.const 0)").record.run_class = FunctionClass::heavy;
    EXPECT_TRUE(std::holds_alternative<Unfinished>(trial_.run(call_with(0), kNames).how)) << "what is heavy is for a lane";
    trial_.all_in_memory = false;
    trial_.add_object("data/one", pattern(kBig));
    trial_.add_function("callee", then("open", {kName, 8, 32}) + then("map", {1, 0, kBig, 0, kOut}) + "(i32.const 0)", text_at(kName, "data/one"));
    auto outcome = trial_.run(call_with(0), kNames);
    auto* unfinished = std::get_if<Unfinished>(&outcome.how);
    ASSERT_TRUE(unfinished);
    EXPECT_TRUE(unfinished->cold) << "what a callee waits for is brought in for all of them";
    EXPECT_EQ(unfinished->opened.size(), 1u) << "and found again in the same version";
}

TEST_F(Calls, TheWholeTreesEffectsAreTheCallers) {
    const std::string publish = then("publish", {kText, 8, 0, 0, kRanges, 0});
    trial_.add_function("callee", publish + "(i32.const 0)", text_at(kText, "data/two"));
    auto both = trial_.run(then("publish", {kText, 8, 0, 0, kRanges, 0}) + "(drop " + call_with(0) + ")(i32.const 0)", kNames + text_at(kText, "data/one"));
    ASSERT_TRUE(std::holds_alternative<Completed>(both.how));
    auto& effects = std::get<Completed>(both.how).effects;
    ASSERT_EQ(effects.size(), 2u);
    EXPECT_EQ(effects[0].effect.name.key, "one");
    EXPECT_EQ(effects[1].effect.name.key, "two");
    EXPECT_TRUE(std::holds_alternative<Failed>(trial_.run("(drop " + call_with(0) + ")(i32.const 1)", kNames).how));
    trial_.add_function("callee", publish + "(i32.const 3)", text_at(kText, "data/two"));
    auto failed = trial_.run("(drop " + call_with(0) + ")(i32.const 0)", kNames);
    EXPECT_TRUE(std::get<Completed>(failed.how).effects.empty()) << "what did not complete stages nothing";
}

TEST_F(Calls, DepthCallsAndEffectsAreBounded) {
    // Calls itself for ever and counts how deep it came.
    const std::string body = "(if (i32.eq " + call_with(0) + " (i32.const 0)) (then " + kMapResult + store_at(kText, "(i32.add (i32.load " + word_at(kOut) + ") (i32.const 1))") + "))" + give(constant(kText), "(i32.const 4)") + then("respond", {kRanges, 1});
    trial_.add_function("callee", body + "(i32.const 0)", kNames);
    auto response = trial_.response_of(body, kNames);
    ASSERT_EQ(response.size(), 4u);
    EXPECT_EQ(static_cast<unsigned char>(response[0]), kCallDepthMax);
    EXPECT_EQ(trial_.calls.size(), kCallDepthMax);
    trial_.add_function("callee", "(i32.const 0)");
    const std::string loop = "(func $count (result i32) (local $n i32) (local $code i32) (loop $l (local.set $code " + call_with(0) +
                             ") (if (i32.eqz (local.get $code)) (then (local.set $n (i32.add (local.get $n) (i32.const 1))) (br $l)))) (local.get $n))";
    trial_.calls.clear();
    EXPECT_EQ(trial_.code("(call $count)", kNames + loop), static_cast<int32_t>(kCallsMax));
    std::string publishes;
    for (size_t i = 0; i < kPublishesMax; i++) publishes += then("publish", {kText, 8, 0, 0, kRanges, 0});
    trial_.add_function("callee", publishes + "(i32.const 0)", text_at(kText, "data/two"));
    EXPECT_EQ(trial_.code("(drop " + call_with(0) + ")" + call_with(0), kNames), INLAY_E_LIMIT);
}

TEST_F(Calls, ResultsAreSourcesUntilTheyAreClosed) {
    trial_.add_function("callee", give(constant(kText), "(i32.const 5)") + then("respond", {kRanges, 1}) + "(i32.const 0)", text_at(kText, "hello"));
    const std::string loop = "(func $count (result i32) (local $n i32) (local $code i32) (loop $l (local.set $code " + call_with(0) +
                             ") (if (i32.eqz (local.get $code)) (then $(close) (local.set $n (i32.add (local.get $n) (i32.const 1))) (br $l)))) (local.get $n))";
    auto with = [&](const std::string& close) {
        std::string text = loop;
        return text.replace(text.find("$(close)"), 8, close);
    };
    EXPECT_EQ(trial_.code("(call $count)", kNames + with("")), static_cast<int32_t>(kSourcesMax) - 1) << "the body is one of them";
    EXPECT_EQ(trial_.code("(call $count)", kNames + with("(drop (call $close " + word_at(kResultFirst) + "))")), static_cast<int32_t>(kCallsMax));
    EXPECT_EQ(trial_.code("(drop " + call_with(0) + ")(drop (call $close " + word_at(kResultFirst) + "))(call $close " + word_at(kResultFirst) + ")", kNames), INLAY_E_ABSENT);
    EXPECT_EQ(trial_.code("(drop " + call_with(0) + ")(drop (call $close " + word_at(kResultFirst) + "))" +
                              "(call $map " + word_at(kResultFirst) + " (i64.const 0) (i64.const 1) (i32.const 0) (i32.const 16))", kNames),
              INLAY_E_ABSENT);
    EXPECT_EQ(trial_.code(then("close", {0}) + call("receive", {kOut}), kNames), 0) << "a closed body has no more pieces";
}

TEST_F(Calls, WhatWasSpawnedRunsWhenItIsWaitedFor) {
    trial_.add_function("callee", kGivesBack);
    const std::string spawn = give(constant(kText), "(i32.const 5)") + then("spawn", {kName, 6, kQuery, 0, kRanges, 1});
    const std::string names = kNames + text_at(kText, "hello");
    EXPECT_EQ(trial_.response_of(spawn + then("wait", {0, kResult}) + kMapResult + kRespondWindow, names), "hello");
    EXPECT_EQ(trial_.response_of(spawn + spawn + then("wait_any", {0, 0, kResult}) + kMapResult + kRespondWindow, names), "hello");
    EXPECT_EQ(trial_.code(spawn + spawn + spawn + store_at(512, "(i32.const 2)") + call("wait_any", {512, 1, kResult}), names), 2);
    EXPECT_EQ(trial_.code(spawn + call("spawn", {kName, 6, kQuery, 0, kRanges, 1}), names), 1);
    trial_.calls.clear();
    EXPECT_EQ(trial_.code(spawn + spawn + "(i32.const 0)", names), 0);
    EXPECT_TRUE(trial_.calls.empty()) << "what nobody waits for does not run";
    EXPECT_EQ(trial_.code(spawn + then("wait", {0, kResult}) + call("wait", {0, kResult}), names), INLAY_E_ARGUMENT) << "once";
    EXPECT_EQ(trial_.code(call("wait", {0, kResult}), names), INLAY_E_ARGUMENT);
    EXPECT_EQ(trial_.code(call("wait_any", {0, 0, kResult}), names), INLAY_E_ABSENT);
    EXPECT_EQ(trial_.code(spawn + store_at(512, "(i32.const 1)") + call("wait_any", {512, 1, kResult}), names), INLAY_E_ARGUMENT);
    EXPECT_EQ(trial_.code(spawn + call("wait_any", {65'534, 1, kResult}), names), INLAY_E_POINTER);
    EXPECT_EQ(trial_.code(spawn + call("wait", {0, 65'530}), names), INLAY_E_POINTER);
    EXPECT_EQ(trial_.code(spawn + call("wait_any", {0, 0, 65'530}), names), INLAY_E_POINTER);
    EXPECT_EQ(trial_.code(call("spawn", {kName, 0, kQuery, 0, kRanges, 0}), names), INLAY_E_NAME);
    EXPECT_EQ(trial_.code(call("wait_any", {0, kChildrenMax + 1, kResult}), names), INLAY_E_LIMIT);
    EXPECT_EQ(trial_.code(then("spawn", {kName, 5, kQuery, 0, kRanges, 0}) + call("wait", {0, kResult}), names), INLAY_E_CALLEE);
    EXPECT_EQ(trial_.code(then("spawn", {kName, 5, kQuery, 0, kRanges, 0}) + then("wait", {0, kResult}) + word_at(kResult), names), INLAY_ENDING_REFUSED);
}

TEST_F(Calls, WhatWasSpawnedAndNotWaitedForIsBounded) {
    trial_.add_function("callee", "(i32.const 0)");
    const std::string loop = "(func $count (result i32) (local $n i32) (loop $l (if (i32.ge_s " + call("spawn", {kName, 6, kQuery, 0, kRanges, 0}) +
                             " (i32.const 0)) (then (local.set $n (i32.add (local.get $n) (i32.const 1))) (br $l)))) (local.get $n))";
    EXPECT_EQ(trial_.code("(call $count)", kNames + loop), static_cast<int32_t>(kChildrenMax));
    const std::string all = "(func $all (result i32) (local $n i32) (loop $l (if (i32.ge_s " + call("wait_any", {0, 0, kResult}) +
                            " (i32.const 0)) (then (local.set $n (i32.add (local.get $n) (i32.const 1))) (br $l)))) (local.get $n))";
    EXPECT_EQ(trial_.code("(drop (call $count)) (call $all)", kNames + loop + all), static_cast<int32_t>(kChildrenMax));
}

TEST_F(Calls, AnExpressAttemptIsOverWithWhatItSpawned) {
    trial_.terms.place = Place::express;
    trial_.add_function("callee", "(loop $l (br $l)) (i32.const 0)");
    EXPECT_TRUE(std::holds_alternative<Unfinished>(trial_.run(then("spawn", {kName, 6, kQuery, 0, kRanges, 0}) + call("wait", {0, kResult}), kNames).how));
    trial_.admission_error = Error{Errc::not_implemented, "isolated"};
    EXPECT_TRUE(std::holds_alternative<Unfinished>(trial_.run(then("spawn", {kName, 6, kQuery, 0, kRanges, 0}) + call("wait", {0, kResult}), kNames).how))
        << "it needs a lane of its own";
}

TEST_F(Calls, EveryErrorHasItsCode) {
    trial_.add_function("callee", "(i32.const 0)");
    EXPECT_EQ(trial_.code(call("call", {kName, 5, kQuery, 0, kRanges, 0, kResult}), kNames), INLAY_E_ABSENT);
    EXPECT_EQ(trial_.code(call("call", {kName, 0, kQuery, 0, kRanges, 0, kResult}), kNames), INLAY_E_NAME);
    EXPECT_EQ(trial_.code(call("call", {-1, 6, kQuery, 0, kRanges, 0, kResult}), kNames), INLAY_E_POINTER);
    EXPECT_EQ(trial_.code(call("call", {kName, 6, -1, 1, kRanges, 0, kResult}), kNames), INLAY_E_POINTER);
    EXPECT_EQ(trial_.code(call("call", {kName, 6, kQuery, 0, -1, 1, kResult}), kNames), INLAY_E_POINTER);
    EXPECT_EQ(trial_.code(call("call", {kName, 6, kQuery, 0, kRanges, 0, 65'530}), kNames), INLAY_E_POINTER);
    EXPECT_EQ(trial_.code(give("(i32.const 65530)", "(i32.const 100)") + call_with(1), kNames), INLAY_E_POINTER);
    EXPECT_EQ(trial_.code(call("call", {kName, 6, kQuery, 0, kRanges, kRangesMax + 1, kResult}), kNames), INLAY_E_LIMIT);
    EXPECT_EQ(trial_.code(call("call", {kName, 6, 0, kCallQueryBytesMax + 1, kRanges, 0, kResult}), kNames), INLAY_E_LIMIT);
    EXPECT_EQ(trial_.code(call("call_input", {0, 65'530})), INLAY_E_POINTER);
    EXPECT_EQ(trial_.code(call("call_input", {1, kOut})), INLAY_E_ABSENT);
    EXPECT_EQ(trial_.code(call("close", {9})), INLAY_E_ABSENT);
    trial_.add_function("callee", call("call_input", {0, kOut}));
    EXPECT_EQ(trial_.code("(drop " + call_with(0) + ")" + word_at(kResult + 4), kNames), INLAY_E_ABSENT) << "a call without inputs has none";
}

TEST_F(Calls, WhatACalleeUsesIsItsOwnAndItsCostIsTheCallers) {
    trial_.add_function("callee", "(loop $l (br_if $l (i32.lt_u (call $tick) (i32.const 3000000)))) (i32.const 0)", "(global $n (mut i32) (i32.const 0)) (func $tick (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))");
    auto outcome = trial_.run("(drop " + call_with(0) + ")(i32.const 0)", kNames);
    ASSERT_EQ(trial_.calls.size(), 1u);
    EXPECT_GT(trial_.calls[0].cost.cpu_ns, 500'000u);
    EXPECT_EQ(outcome.cost.callees_ns, trial_.calls[0].cost.cpu_ns);
    EXPECT_LT(outcome.cost.cpu_ns, trial_.calls[0].cost.cpu_ns);
}

TEST_F(Calls, LargeRangesOfItsOwnMemoryAreCopiedOnce) {
    trial_.add_function("callee", kGivesBack);
    auto outcome = trial_.run("(drop (memory.grow (i32.const 4)))" + give("(i32.const 4096)", constant(200'000)) + "(drop " + call_with(1) + ")(i32.const 0)", kNames);
    EXPECT_TRUE(std::holds_alternative<Completed>(outcome.how));
    EXPECT_EQ(outcome.cost.copied.heap, 200'000u);
    EXPECT_EQ(outcome.cost.copied.total(), 200'000u);
}

}  // namespace
}  // namespace inlay::run
