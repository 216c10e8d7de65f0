// Streams on fibers: slices, waits, and the bounds of a worker.
#include "run/fiber_run.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <deque>

#include "run/stream.hpp"
#include "run/trial.hpp"

namespace inlay::run {
namespace {

constexpr uint32_t kOut = 16, kRanges = 64, kName = 1024;
using State = FiberRun::State;

// Gives what it has, and lets its guest wait for more.
class FakeStream final : public Stream {
  public:
    const std::shared_ptr<const os::Pages>& ring() const override { return ring_; }
    std::optional<Result<RingPiece>> receive() override {
        if (pieces.empty()) return std::nullopt;
        auto piece = pieces.front();
        if (piece.length > 0) pieces.pop_front();  // The end stays.
        return Result(piece);
    }
    std::optional<Result<>> send(const Response& part) override {
        if (is_full) return std::nullopt;
        if (is_gone) return Result<>(Error{Errc::io_error, "the client is gone"});
        sent += content_of(part);
        return Result<>();
    }

    std::deque<RingPiece> pieces;
    std::string sent;
    bool is_full = false, is_gone = false;

  private:
    std::shared_ptr<const os::Pages> ring_ = std::make_shared<const os::Pages>(
        os::create_memfd_of("trial-ring", std::string(kStreamRingBytes, 'r')).value(), kStreamRingBytes, os::Pages::Home::memory);
};

class FakeSupply final : public Supply {
  public:
    Result<std::shared_ptr<const registry::Object>> get_object(const ObjectName& name) override {
        auto object = std::make_shared<registry::Object>();
        object->record.name = name;
        object->pages = os::Pages(os::create_memfd_of("trial-object", std::string(100'000, 'o')).value(), 100'000, os::Pages::Home::disk);
        if (is_linked) object->pages.set_foreign();
        given = object;
        return given;
    }
    bool may_read(const std::shared_ptr<const os::Pages>&, uint64_t, uint64_t) override { return !is_cold; }
    Result<std::shared_ptr<const os::Pages>> create_output(uint64_t size) override {
        return std::make_shared<const os::Pages>(os::create_memfd("trial-output", size).value(), size, os::Pages::Home::memory);
    }
    bool take_log_line(uint64_t, std::string_view) override { return false; }

    bool is_cold = false;
    bool is_linked = false;
    std::shared_ptr<const registry::Object> given;
};

class FiberRunTest : public testing::Test {
  protected:
    FiberRunTest() {
        function_.record.name = "trial";
        function_.record.limits.timeout_ms = 1000;
        function_.record.limits.memory_bytes = kMemoryBytesDefault;
        request_.stream = &stream_;
        terms_.place = Place::fiber;
    }
    void begin(const std::string& body) {
        function_.program = workshop().program(engine::guest(body, all_imports() + text_at(kName, "data/one")));
        run_.emplace(function_, request_, supply_, terms_);
    }
    State resume() { return run_->resume(); }
    // On a slow machine a slice may be used up before that.
    static State resume_until_it_stops(FiberRun& run) {
        State state = run.resume();
        while (state == State::yields) state = run.resume();
        return state;
    }
    State resume_until_it_stops() { return resume_until_it_stops(*run_); }
    // What the guest returns, when nothing keeps it from going on.
    int32_t code(const std::string& body) {
        begin(body);
        if (resume_until_it_stops() != State::ended) return 1000;
        auto outcome = run_->finish();
        if (std::holds_alternative<Unfinished>(outcome.how)) return 2000;
        auto* failed = std::get_if<Failed>(&outcome.how);
        return failed ? failed->code : 0;
    }

    FakeStream stream_;
    FakeSupply supply_;
    registry::Function function_;
    Request request_;
    Terms terms_{.id = 1};
    std::optional<FiberRun> run_;
};

std::string range(uint32_t address, uint32_t length) {
    return "(i32.store (i32.const 64) (i32.const " + std::to_string(address) + "))(i32.store (i32.const 68) (i32.const " +
           std::to_string(length) + "))";
}
const std::string kSpin = "(loop $spin (br $spin)) (i32.const 0)";

TEST_F(FiberRunTest, WaitsForEachPieceAndForRoomToSend) {
    begin("(loop $again " + then("receive", {kOut}) + "(if (i32.load (i32.const 20)) (then " + then("send", {kOut, 1}) +
          "(br $again)))) (i32.const 0)");
    EXPECT_EQ(resume_until_it_stops(), State::waits);
    EXPECT_FALSE(run_->cold());
    stream_.pieces = {{0, 5}};
    stream_.is_full = true;
    EXPECT_EQ(resume_until_it_stops(), State::waits) << "for the room";
    stream_.is_full = false;
    EXPECT_EQ(resume_until_it_stops(), State::waits) << "for the next piece";
    EXPECT_EQ(stream_.sent, "rrrrr");
    stream_.pieces = {{0, 2}, {0, 0}};
    EXPECT_EQ(resume_until_it_stops(), State::ended);
    EXPECT_EQ(stream_.sent, "rrrrrrr");
    auto outcome = run_->finish();
    EXPECT_TRUE(std::holds_alternative<Completed>(outcome.how));
    EXPECT_EQ(outcome.cost.mapped_bytes, 7u);
    EXPECT_EQ(outcome.cost.copied.total(), 0u);
}

TEST_F(FiberRunTest, OwnMemoryIsSentAsItLies) {
    begin("(memory.fill (i32.const 4096) (i32.const 97) (i32.const 50000))" + range(4096, 50'000) + call("send", {kRanges, 1}));
    EXPECT_EQ(resume_until_it_stops(), State::ended);
    EXPECT_EQ(stream_.sent, std::string(50'000, 'a'));
    EXPECT_EQ(run_->finish().cost.copied.total(), 0u);
}

TEST_F(FiberRunTest, WhatALinkedFileMayBeBehindIsCopied) {
    supply_.is_linked = true;
    begin(then("open", {kName, 8, 32}) + "(memory.fill (i32.const 4096) (i32.const 97) (i32.const 50000))" + range(4096, 50'000) +
          call("send", {kRanges, 1}));
    EXPECT_EQ(resume_until_it_stops(), State::ended);
    EXPECT_EQ(stream_.sent, std::string(50'000, 'a'));
    EXPECT_EQ(run_->finish().cost.copied.heap, 50'000u);
}

TEST_F(FiberRunTest, HoldsSoManyWindowsAndOutputsAtMost) {
    std::string outputs, windows = then("open", {kName, 8, 32});
    for (size_t i = 0; i < kFiberOutputsMax; i++) outputs += then("output", {4096, kOut});
    for (size_t i = 0; i < kFiberWindowsMax; i++) windows += then("map", {"(i32.load (i32.const 32))", 0, 20'000, 0, kOut});
    auto one_more = call("map", {"(i32.load (i32.const 32))", 0, 20'000, 0, kOut});
    EXPECT_EQ(code(outputs + "(i32.const 0)"), 0);
    EXPECT_EQ(code(outputs + call("output", {4096, kOut})), 2000) << "it begins again in a lane";
    EXPECT_EQ(code(windows + "(i32.const 0)"), 0);
    EXPECT_EQ(code(windows + one_more), 2000);
    stream_.pieces = {{0, 1}};
    EXPECT_EQ(code(then("receive", {kOut}) + windows + one_more), INLAY_E_LIMIT);
}

TEST_F(FiberRunTest, OneThatSpinsYieldsAfterEachSliceUntilItsTimeIsOver) {
    function_.record.limits.timeout_ms = 20;
    begin(kSpin);
    uint64_t begin_ns = monotonic_ns();
    unsigned slices = 1;
    while (resume() == State::yields) slices++;
    EXPECT_GE(slices, 3u);
    EXPECT_LE(slices, 11u);
    EXPECT_LT(monotonic_ns() - begin_ns, 1'000'000'000u);
    EXPECT_TRUE(run_->overran());
    EXPECT_EQ(std::get<Trapped>(run_->finish().how).error.code, Errc::function_timed_out);
}

TEST_F(FiberRunTest, ItsProcessorTimeEndsItAndIsTold) {
    function_.record.limits.cpu_ms = 20;
    begin(kSpin);
    uint64_t told_ns = 0;
    while (resume() == State::yields) told_ns += run_->take_cpu_ns();
    told_ns += run_->take_cpu_ns();
    EXPECT_GE(told_ns, 20'000'000u);
    EXPECT_LE(told_ns, 24'000'000u);
    EXPECT_EQ(run_->take_cpu_ns(), 0u);
    auto outcome = run_->finish();
    EXPECT_NE(std::get<Trapped>(outcome.how).error.detail.find("for 20 ms, its cpu_ms"), std::string::npos);
}

TEST_F(FiberRunTest, ItsTimeRestsWhileItWaitsAndBeginsAgainWithEachPiece) {
    function_.record.limits.timeout_ms = 100;
    // Spins for 60 ms with each piece.
    begin("(local $end i64) (loop $again " + then("receive", {kOut}) + then("clock", {1, 40}) +
          "(local.set $end (i64.add (i64.load (i32.const 40)) (i64.const 60000000)))"
          "(loop $spin " + then("clock", {1, 40}) + "(br_if $spin (i64.lt_u (i64.load (i32.const 40)) (local.get $end))))"
          "(br_if $again (i32.load (i32.const 20)))) (i32.const 0)");
    for (int i = 0; i < 3; i++) {
        while (resume() == State::yields) {}
        ::usleep(120'000);
        stream_.pieces = {{0, 1}};
    }
    stream_.pieces.push_back({0, 0});
    State state = resume();
    while (state == State::yields) state = resume();
    EXPECT_EQ(state, State::ended);
    EXPECT_TRUE(std::holds_alternative<Completed>(run_->finish().how));
}

TEST_F(FiberRunTest, ItsProcessorTimeIsThatOfAllPieces) {
    function_.record.limits.cpu_ms = 20;
    begin(range(0, 1) + "(loop $again " + then("send", {kRanges, 1}) + "(br $again)) (i32.const 0)");
    const uint64_t begin_ns = monotonic_ns();
    State state = State::yields;
    while (state != State::ended && monotonic_ns() - begin_ns < 5'000'000'000u) state = resume();
    ASSERT_EQ(state, State::ended);
    EXPECT_NE(std::get<Trapped>(run_->finish().how).error.detail.find("for 20 ms, its cpu_ms"), std::string::npos);
}

TEST_F(FiberRunTest, EndsAndEmptyOrFailedPartsGiveItNoTime) {
    function_.record.limits.timeout_ms = 20;
    stream_.pieces = {{0, 0}};
    auto lasts_for_ever = [&](const std::string& statement) {
        begin(range(0, 1) + "(loop $again " + statement + "(br $again)) (i32.const 0)");
        int slices = 1;
        while (slices < 200 && resume() == State::yields) slices++;
        return slices == 200;
    };
    EXPECT_FALSE(lasts_for_ever(then("receive", {kOut})));
    EXPECT_FALSE(lasts_for_ever(then("send", {kRanges, 0})));
    stream_.is_gone = true;
    EXPECT_FALSE(lasts_for_ever(then("send", {kRanges, 1})));
}

TEST_F(FiberRunTest, WhatAWorkerDoesNotGiveMovesItOnlyBeforeItHasTakenOrSentAnything) {
    auto output = call("output", {kExpressOutputBytesMax + 1, kOut});
    EXPECT_EQ(code(output), 2000);
    stream_.pieces = {{0, 1}};
    EXPECT_EQ(code(then("receive", {kOut}) + output), INLAY_E_LIMIT);
    EXPECT_EQ(code(range(0, 1) + then("send", {kRanges, 1}) + output), INLAY_E_LIMIT);
    EXPECT_EQ(code(call("output", {kExpressOutputBytesMax, kOut})), 0);
}

TEST_F(FiberRunTest, HostCallsInARowEndWithItsSlice) {
    std::string body;
    for (int i = 0; i < 100; i++) body += then("random", {0, kRandomBytesMax});
    begin(body + "(i32.const 7)");
    State state = State::yields;
    int slices = 0;
    for (; state == State::yields; slices++) state = resume();
    EXPECT_EQ(state, State::ended);
    EXPECT_EQ(std::get<Failed>(run_->finish().how).code, 7) << "and all of them are made";
    EXPECT_GT(slices, 1);
}

TEST_F(FiberRunTest, ItsOwnMemoryIsBounded) {
    auto grow = [](uint64_t bytes) { return "(memory.grow (i32.const " + std::to_string(bytes / (64 * KiB)) + "))"; };
    EXPECT_EQ(code(grow(kFiberMemoryBytesMax)), -1);
    EXPECT_EQ(code(grow(kFiberMemoryBytesMax - 64 * KiB)), 1);
}

TEST_F(FiberRunTest, AColdWindowIsWaitedForAlsoInTheMiddle) {
    stream_.pieces = {{0, 1}};
    supply_.is_cold = true;
    begin(then("receive", {kOut}) + then("open", {kName, 8, 32}) + then("map", {"(i32.load (i32.const 32))", 0, 50'000, 0, kOut}) +
          "(i32.load8_u (i32.load (i32.const 16)))");
    EXPECT_EQ(resume_until_it_stops(), State::waits);
    ASSERT_TRUE(run_->cold());
    EXPECT_EQ(run_->cold()->length, 50'000u);
    EXPECT_EQ(resume_until_it_stops(), State::ended);
    EXPECT_EQ(std::get<Failed>(run_->finish().how).code, 'o');
}

TEST_F(FiberRunTest, ALinkedObjectThatIsLostWhileItWaitsEndsIt) {
    begin(then("open", {kName, 8, 32}) + then("map", {"(i32.load (i32.const 32))", 0, 50'000, 0, kOut}) + then("receive", {48}) +
          "(i32.load8_u (i32.load (i32.const 16)))");
    EXPECT_EQ(resume_until_it_stops(), State::waits);
    supply_.given->pages.note_lost();
    stream_.pieces = {{0, 1}};
    EXPECT_EQ(resume_until_it_stops(), State::ended);
    EXPECT_EQ(std::get<Trapped>(run_->finish().how).error.code, Errc::object_changed);
}

TEST_F(FiberRunTest, AFaultEndsTheOneThatMadeItWhileAnotherWaits) {
    auto body = then("receive", {kOut}) + then("receive", {kOut}) + "(memory.fill " + word_at(kOut) + " (i32.const 1) (i32.const 10)) (i32.const 0)";
    stream_.pieces = {{0, 20}};
    begin(body);
    EXPECT_EQ(resume_until_it_stops(), State::waits);
    FiberRun other(function_, request_, supply_, terms_);
    stream_.pieces = {{0, 20}};
    EXPECT_EQ(resume_until_it_stops(other), State::waits);
    stream_.pieces = {{0, 20}};
    EXPECT_EQ(resume_until_it_stops(), State::ended);
    EXPECT_EQ(std::get<Trapped>(run_->finish().how).error.code, Errc::input_is_read_only);
    stream_.pieces = {{0, 20}};
    EXPECT_EQ(resume_until_it_stops(other), State::ended);
    EXPECT_EQ(std::get<Trapped>(other.finish().how).error.code, Errc::input_is_read_only);
}

}  // namespace
}  // namespace inlay::run
