// The executor: each way in which an invocation ends, and that the next one never notices.
#include "run/executor.hpp"

#include <gtest/gtest.h>

#include "base/clock.hpp"
#include "run/trial.hpp"

namespace inlay::run {
namespace {

constexpr uint32_t kName = 1024, kOut = 16, kRanges = 64;
constexpr uint32_t kObjectBytes = 300'000;
const std::string kNames = text_at(kName, "data/one");
const std::string kMapOne = then("open", {kName, 8, 32}) + then("map", {1, 0, kObjectBytes, 0, kOut});
const std::string kPublish = then("publish", {kName, 8, 0, 0, kRanges, 0});

class Executor : public testing::Test {
  protected:
    Executor() { object_ = trial_.add_object("data/one", std::string(kObjectBytes, 'x')); }
    // After whatever happened: an ordinary invocation still does what it should.
    ~Executor() override {
        Trial next;
        next.add_object("data/one", std::string(kObjectBytes, 'x'));
        EXPECT_EQ(next.code(kMapOne + "(i32.load8_u " + in_window(kOut, 5) + ")", kNames), 'x');
        auto content = os::read_from_start(object_, kObjectBytes);
        EXPECT_TRUE(content.ok() && *content == std::string(kObjectBytes, 'x')) << "the object is as it was";
    }

    int object_ = -1;
    Trial trial_;
};

TEST_F(Executor, AReturnOfZeroCompletesAndItsEffectsCount) {
    auto outcome = trial_.run(kPublish + "(i32.const 0)", kNames);
    ASSERT_TRUE(std::holds_alternative<Completed>(outcome.how));
    EXPECT_EQ(std::get<Completed>(outcome.how).effects.size(), 1u);
    EXPECT_EQ(std::get<Completed>(outcome.how).response.status, 200u);
}

TEST_F(Executor, AnotherReturnFailsWithItsCodeAndWithoutEffects) {
    for (int32_t code : {1, -1, 500, INT32_MIN}) {
        auto outcome = trial_.run(kPublish + "(i32.const " + std::to_string(code) + ")", kNames);
        ASSERT_TRUE(std::holds_alternative<Failed>(outcome.how));
        EXPECT_EQ(std::get<Failed>(outcome.how).code, code);
    }
}

TEST_F(Executor, ATrapIsNamedAndPointsToTheLog) {
    EXPECT_EQ(trial_.error_of(kPublish + "unreachable", kNames),
              (Error{Errc::function_trapped, "function \"trial\" trapped: unreachable instruction"}));
    EXPECT_EQ(trial_.error_of("(i32.load (i32.const -1))").code, Errc::function_trapped);
    EXPECT_EQ(trial_.error_of("(call $f)", "(func $f (result i32) (i32.add (call $f) (i32.const 1)))").code, Errc::function_trapped);
}

TEST_F(Executor, TheDeadlineEndsAFunction) {
    trial_.limits.timeout_ms = 50;
    uint64_t begin = monotonic_ns();
    auto error = trial_.error_of("(loop $l (br $l)) (i32.const 0)");
    EXPECT_EQ(error.code, Errc::function_timed_out);
    EXPECT_NE(error.detail.find("ran for 50 ms"), std::string::npos) << error.detail;
    EXPECT_LT(monotonic_ns() - begin, 500'000'000u);
}

TEST_F(Executor, ItsProcessorTimeEndsAFunction) {
    trial_.limits.cpu_ms = 30;
    for (auto place : {Place::inline_, Place::express}) {
        trial_.terms.place = place;
        trial_.limits.cpu_ms = place == Place::express ? 1 : 30;  // Else it is for a lane to end it.
        auto error = trial_.error_of("(loop $l (br $l)) (i32.const 0)");
        EXPECT_EQ(error.code, Errc::function_timed_out);
        EXPECT_NE(error.detail.find(" ms, its cpu_ms"), std::string::npos) << error.detail;
    }
}

// Each call takes some time, and between them compiled code looks at nothing.
std::string calls_in_a_row(size_t count) {
    std::string text;
    for (size_t i = 0; i < count; i++) text += then("random", {0, kRandomBytesMax});
    return text;
}

TEST_F(Executor, TheDeadlineEndsHostCallsInARow) {
    const std::string body = calls_in_a_row(8000) + "(i32.const 0)";
    trial_.limits.timeout_ms = 30;
    auto outcome = trial_.run(body);
    ASSERT_TRUE(std::holds_alternative<Trapped>(outcome.how));
    EXPECT_EQ(std::get<Trapped>(outcome.how).error.code, Errc::function_timed_out);
    EXPECT_LT(outcome.cost.cpu_ns, 300'000'000u);
    trial_.terms.place = Place::express;
    outcome = trial_.run(body);
    EXPECT_TRUE(std::holds_alternative<Unfinished>(outcome.how));
    EXPECT_LT(outcome.cost.cpu_ns, 100'000'000u);
}

TEST_F(Executor, InAWorkerWhoWantsMuchMemoryMovesToALane) {
    const std::string grow = "(drop (memory.grow (i32.const 2048))) (i32.const 0)";
    trial_.terms.place = Place::express;
    auto moved = trial_.run(grow);
    EXPECT_TRUE(std::holds_alternative<Unfinished>(moved.how));
    EXPECT_TRUE(moved.log.lines.empty()) << "it was refused nothing";
    EXPECT_TRUE(std::holds_alternative<Unfinished>(trial_.run_module("(module (memory (export \"memory\") 2049) (func (export \"inlay_handle\") (result i32) (i32.const 0)))").how));
    EXPECT_TRUE(std::holds_alternative<Completed>(trial_.run("(drop (memory.grow (i32.const 2047))) (i32.const 0)").how));
    trial_.terms.place = Place::inline_;
    EXPECT_TRUE(std::holds_alternative<Completed>(trial_.run(grow).how));
    trial_.terms.place = Place::express;
    trial_.limits.memory_bytes = 1 * MiB;
    EXPECT_EQ(trial_.code("(memory.grow (i32.const 100))"), -1) << "more than it may have at all is no reason to move";
}

TEST_F(Executor, TheDeadlineEndsAStartFunctionToo) {
    trial_.limits.timeout_ms = 50;
    EXPECT_EQ(trial_.error_of("(i32.const 0)", "(func $s (loop $l (br $l))) (start $s)").code, Errc::function_timed_out);
    EXPECT_EQ(trial_.error_of("(i32.const 0)", "(func (export \"_initialize\") (loop $l (br $l)))").code, Errc::function_timed_out);
}

TEST_F(Executor, WithoutAFreeSlotItIsRefused) {
    auto program = workshop().program(engine::guest("(i32.const 0)"));
    std::vector<std::unique_ptr<engine::Instance>> alive;
    for (size_t i = 0; i < kPoolSlots; i++) {
        alive.push_back(std::make_unique<engine::Instance>(*program, kMemoryBytesDefault, nullptr));
        ASSERT_TRUE(alive.back()->start().ok());
    }
    auto outcome = trial_.run("(i32.const 0)");
    ASSERT_TRUE(std::holds_alternative<Refused>(outcome.how));
    EXPECT_EQ(std::get<Refused>(outcome.how).error.code, Errc::overloaded);
}

TEST_F(Executor, TrapsOfAStartFunctionAreTraps) {
    EXPECT_EQ(trial_.error_of("(i32.const 0)", "(func $s unreachable) (start $s)").code, Errc::function_trapped);
    EXPECT_EQ(trial_.error_of("(i32.const 0)", "(func (export \"_initialize\") unreachable)").code, Errc::function_trapped);
    EXPECT_EQ(trial_.error_of("(i32.const 0)", "(func (export \"_initialize\") (drop (i32.load (i32.const -1))))").code,
              Errc::function_trapped);
}

// Its memory is not known to the host yet when it faults.
TEST_F(Executor, AFaultOfAStartFunctionIsATrap) {
    EXPECT_EQ(trial_.error_of("(i32.const 0)", "(func $s (drop (i32.load (i32.const -1)))) (start $s)").code, Errc::function_trapped);
    EXPECT_EQ(trial_.error_of("(i32.const 0)", "(func $s unreachable) (start $s)").code, Errc::function_trapped) << "after a fault";
}

TEST_F(Executor, AStartFunctionsHostCallsReachNoMemory) {
    const std::string calls[] = {
        call("request", {INLAY_PART_METHOD, 0, 0, 64, 64}), call("request", {INLAY_PART_HEADER, 0, 1, 64, 64}),
        call("body", {kOut}),                               call("open", {kName, 8, kOut}),
        call("map", {0, 0, 0, 0, kOut}),                    call("output", {1, kOut}),
        call("header", {kName, 4, kName, 4}),               call("respond", {kRanges, 0}),
        call("publish", {kName, 8, 0, 0, kRanges, 0}),      call("log", {0, 0, 0}),
        call("clock", {0, kOut}),                           call("random", {kOut, 8}),
        call("cost", {kOut}),
    };
    for (const auto& one : calls) {
        std::string start = "(global $code (mut i32) (i32.const 0)) (func $s (global.set $code " + one + ")) (start $s)";
        EXPECT_EQ(trial_.code("(global.get $code)", kNames + start), INLAY_E_POINTER) << one;
    }
    std::string unmap = "(global $code (mut i32) (i32.const 0)) (func $s (global.set $code " + call("unmap", {0}) + ")) (start $s)";
    EXPECT_EQ(trial_.code("(global.get $code)", unmap), INLAY_E_ABSENT);
}

// ---- Places ----

TEST_F(Executor, AnExpressAttemptOverItsBudgetIsUnfinishedAndLeavesNothing) {
    trial_.terms.place = Place::express;
    uint64_t begin = monotonic_ns();
    auto outcome = trial_.run(kPublish + "(loop $l (br $l)) (i32.const 0)", kNames);
    EXPECT_TRUE(std::holds_alternative<Unfinished>(outcome.how));
    EXPECT_TRUE(outcome.log.lines.empty()) << "it has not failed";
    EXPECT_GE(monotonic_ns() - begin, kExpressBudgetUs * 1000);
    EXPECT_LT(monotonic_ns() - begin, 500'000'000u);
    EXPECT_EQ(trial_.code("(i32.const 7)"), 7) << "a short one is through";
}

TEST_F(Executor, TheNextAttemptSeesTheVersionsThatTheFirstOneOpened) {
    trial_.terms.place = Place::express;
    auto first = trial_.run(kMapOne + "(loop $l (br $l)) (i32.const 0)", kNames);
    trial_.terms.place = Place::inline_;
    trial_.request.opened = std::get<Unfinished>(first.how).opened;
    ASSERT_EQ(trial_.request.opened.size(), 1u);
    trial_.add_object("data/one", std::string(kObjectBytes, 'y'));
    const std::string read = kMapOne + "(i32.load8_u " + in_window(kOut, 5) + ")";
    EXPECT_EQ(trial_.code(read, kNames), 'x');
    trial_.request.opened.clear();
    EXPECT_EQ(trial_.code(read, kNames), 'y');
}

TEST_F(Executor, AnExpressAttemptPastItsDeadlineHasTimedOut) {
    trial_.terms.place = Place::express;
    trial_.limits.timeout_ms = 1;
    EXPECT_EQ(trial_.error_of("(loop $l (br $l)) (i32.const 0)").code, Errc::function_timed_out);
}

TEST_F(Executor, AnExpressAttemptThatWantsMuchOutputIsUnfinished) {
    const std::string much = then("output", {kExpressOutputBytesMax, kOut}) + call("output", {1, kOut});
    EXPECT_EQ(trial_.code(much), 0);
    trial_.terms.place = Place::express;
    EXPECT_TRUE(std::holds_alternative<Unfinished>(trial_.run(much).how));
    EXPECT_EQ(trial_.code(call("output", {kExpressOutputBytesMax, kOut})), 0);
}

// ---- Writing where nothing may be written ----

TEST_F(Executor, WritingToAnInputEndsTheFunctionWhoeverWrites) {
    const std::string writes[] = {
        "(i32.store8 " + in_window(kOut, 70'000) + " (i32.const 1))",
        "(i64.store " + in_window(kOut, 70'000) + " (i64.const 1))",
        "(memory.fill " + in_window(kOut, 70'000) + " (i32.const 1) (i32.const 100000))",
        "(memory.copy " + in_window(kOut, 70'000) + " (i32.const 0) (i32.const 10))",
        then("request", {INLAY_PART_FUNCTION, 0, 0, in_window(kOut, 70'000), 10}),
        then("random", {in_window(kOut, 70'000), 10}),
        then("clock", {INLAY_CLOCK_WALL, in_window(kOut, 70'000)}),
        then("body", {in_window(kOut, 70'000)}),
        then("output", {10, in_window(kOut, 70'000)}),
    };
    for (const auto& write : writes) {
        auto error = trial_.error_of(kMapOne + kPublish + write + "(i32.const 0)", kNames);
        EXPECT_EQ(error.code, Errc::input_is_read_only) << write << ": " << error.detail;
        EXPECT_NE(error.detail.find("wrote to object data/one at offset 70000"), std::string::npos) << error.detail;
    }
}

TEST_F(Executor, WritingToTheBodyNamesTheBody) {
    trial_.set_body(std::string(50'000, 'b'));
    auto error = trial_.error_of(then("map", {0, 10'000, 30'000, 0, kOut}) + "(i32.store8 " + word_at(kOut) + " (i32.const 1)) (i32.const 0)");
    EXPECT_EQ(error.code, Errc::input_is_read_only);
    EXPECT_NE(error.detail.find("wrote to the request body at offset 0"), std::string::npos) << error.detail;
}

TEST_F(Executor, AFillOverALargeInputEndsSoon) {
    trial_.add_sparse_object("data/two", uint64_t{1} << 30);
    std::string map = then("open", {kName, 8, 32}) + then("map", {1, 0, 1 << 30, 0, kOut});
    uint64_t begin = monotonic_ns();
    auto error = trial_.error_of(map + "(memory.fill " + word_at(kOut) + " (i32.const 1) (i32.const 0x40000000)) (i32.const 0)",
                                 text_at(kName, "data/two"));
    EXPECT_EQ(error.code, Errc::input_is_read_only);
    EXPECT_LT(monotonic_ns() - begin, 3'000'000'000u);
}

TEST_F(Executor, AFillAcrossAllOfMemoryMeetsEveryWindow) {
    std::string two = kMapOne + then("map", {1, 0, 100'000, 0, 24}) + then("output", {50'000, 40});
    EXPECT_EQ(trial_.error_of(two + "(memory.fill (i32.const 0) (i32.const 1) (i32.mul (memory.size) (i32.const 65536))) (i32.const 0)", kNames)
                  .code,
              Errc::input_is_read_only);
}

TEST_F(Executor, BulkCodeThatMeetsAnUnmappedWindowEndsTheFunction) {
    std::string unmap = kMapOne + "(i32.store (i32.const 24) " + word_at(kOut) + ")" + then("unmap", {word_at(kOut)});
    const std::string uses[] = {
        "(memory.fill " + in_window(24, 5) + " (i32.const 1) (i32.const 1000))",
        "(memory.copy (i32.const 2048) " + in_window(24, 5) + " (i32.const 1000))",
        then("log", {0, in_window(24, 5), 1000}),
        "(i32.store (i32.const 64) " + in_window(24, 0) + ") (i32.store (i32.const 68) (i32.const 9))" + then("respond", {64, 1}),
    };
    for (const auto& use : uses) {
        auto error = trial_.error_of(unmap + use + "(i32.const 0)", kNames);
        EXPECT_EQ(error.code, Errc::function_trapped) << use;
        EXPECT_NE(error.detail.find("used memory of a window that it had unmapped"), std::string::npos) << error.detail;
    }
    EXPECT_EQ(trial_.error_of(unmap + "(i32.load " + in_window(24, 5) + ")", kNames).code, Errc::function_trapped);
}

TEST_F(Executor, ATrapAfterAVoidWriteIsToldAsTheWrite) {
    std::string fill = "(memory.fill " + word_at(kOut) + " (i32.const 1) (i32.const 10))";
    EXPECT_EQ(trial_.error_of(kMapOne + fill + "unreachable", kNames).code, Errc::input_is_read_only);
    EXPECT_EQ(trial_.error_of(kMapOne + fill + "(i32.const 1)", kNames).code, Errc::input_is_read_only) << "not Failed";
}

TEST_F(Executor, ACopiedPieceAndATailMayBeWritten) {
    std::string small = then("open", {kName, 8, 32}) + then("map", {1, 0, 100, 0, kOut});
    EXPECT_EQ(trial_.code(small + "(i32.store8 " + word_at(kOut) + " (i32.const 1)) (i32.const 0)", kNames), 0);
    EXPECT_EQ(trial_.code(kMapOne + "(i32.load8_u " + in_window(kOut, kObjectBytes + 63) + ")", kNames), 0) << "over-read";
}

// ---- Pages that go away ----

class LostPages : public testing::Test {
  protected:
    // Runs a guest over an object of which only the first page is left.
    Error error_of(const std::string& body) {
        Trial trial;
        int object = trial.add_object("data/one", std::string(kObjectBytes, 'x'));
        INLAY_CHECK(os::truncate(object, 4096).ok());
        return trial.error_of(kMapOne + body + "(i32.const 0)", kNames);
    }
};

TEST_F(LostPages, EndTheFunctionThatReadsThem) {
    auto error = error_of("(drop (i32.load8_u " + in_window(kOut, 70'000) + "))");
    EXPECT_EQ(error.code, Errc::object_changed);
    EXPECT_NE(error.detail.find("object data/one"), std::string::npos) << error.detail;
}

TEST_F(LostPages, EndTheFunctionWhoseBulkCodeReadsThem) {
    EXPECT_EQ(error_of("(memory.copy (i32.const 4096) " + in_window(kOut, 70'000) + " (i32.const 1000))").code, Errc::object_changed);
    EXPECT_EQ(error_of(then("log", {0, in_window(kOut, 70'000), 10})).code, Errc::object_changed);
    EXPECT_EQ(error_of(then("open", {in_window(kOut, 70'000), 10, 128})).code, Errc::object_changed);
}

TEST_F(LostPages, AreNoMatterWhereNobodyLooks) {
    EXPECT_EQ(error_of("(drop (i32.load8_u " + in_window(kOut, 100) + "))").detail, "not trapped");
}

// ---- Cost ----

TEST_F(Executor, CostCountsPrivatePagesOnlyWhenAsked) {
    std::string touch = kMapOne + "(i32.store (i32.const 0x8000) (i32.load8_u " + in_window(kOut, 5) + ")) (i32.const 0)";
    EXPECT_EQ(trial_.run(touch, kNames).cost.private_bytes, 0u);
    trial_.request.count_private = true;
    uint64_t counted = trial_.run(touch, kNames).cost.private_bytes;
    EXPECT_GE(counted, os::page_size());
    EXPECT_LT(counted, 64 * KiB) << "the object is not copied";
}

TEST_F(Executor, CostCountsBytesThatCameWithTheHead) {
    trial_.set_body(std::string(50'000, 'b'));
    trial_.request.body.copied = 777;
    auto cost = trial_.run("(i32.const 0)").cost;
    EXPECT_EQ(cost.copied.body_head, 777u);
    EXPECT_EQ(cost.copied.total(), 777u);
}

TEST_F(Executor, CostCountsTime) {
    trial_.limits.timeout_ms = 30;
    auto cost = trial_.run("(loop $l (br $l)) (i32.const 0)").cost;
    EXPECT_GE(cost.run_us + cost.instantiate_us, 29'000u);
    EXPECT_LT(cost.instantiate_us, 25'000u);
    EXPECT_GE(cost.cpu_ns, 29'000'000u);
    EXPECT_LT(cost.cpu_ns, 1'000'000'000u);
}

}  // namespace
}  // namespace inlay::run
