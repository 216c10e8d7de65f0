// Streams as a guest sees them: pieces in a ring, parts that leave at once; and the same calls where body and response are whole.
#include "run/stream.hpp"

#include <gtest/gtest.h>

#include <deque>

#include "run/trial.hpp"

namespace inlay::run {
namespace {

constexpr uint32_t kOut = 16, kRanges = 64, kText = 1024;

// A ring that the test writes, and what was sent.
class FakeStream final : public Stream {
  public:
    const std::shared_ptr<const os::Pages>& ring() const override { return ring_; }
    std::optional<Result<RingPiece>> receive() override {
        if (pieces.empty()) return Result<RingPiece>(Error{Errc::bad_request, "gone"});
        auto piece = pieces.front();
        pieces.pop_front();
        if (before_each) before_each();
        return Result<RingPiece>(piece);
    }
    std::optional<Result<>> send(const Response& part) override {
        parts.push_back(content_of(part));
        heads.push_back(part.fields);
        if (refuses) return Result<>(Error{Errc::bad_request, "gone"});
        return Result<>();
    }
    void write(std::string_view text, uint64_t offset) { ASSERT_TRUE(os::write_all_at(ring_->fd(), text, offset).ok()); }

    std::deque<RingPiece> pieces;
    std::function<void()> before_each;
    std::vector<std::string> parts, heads;
    bool refuses = false;

  private:
    std::shared_ptr<const os::Pages> ring_ = std::make_shared<const os::Pages>(
        os::create_memfd("trial-ring", kStreamRingBytes).value(), kStreamRingBytes, os::Pages::Home::memory);
};

std::string range(uint32_t index, uint32_t address, uint32_t length) {
    std::string at = std::to_string(kRanges + 8 * index);
    return "(i32.store (i32.const " + at + ") (i32.const " + std::to_string(address) + "))(i32.store offset=4 (i32.const " + at +
           ") (i32.const " + std::to_string(length) + "))";
}
const std::string kReceiveAll = "(loop $again " + then("receive", {kOut}) + "(if (i32.load (i32.const 20)) (then " +
                                then("send", {kOut, 1}) + "(br $again))))";

class StreamTest : public testing::Test {
  protected:
    StreamTest() { trial_.request.stream = &stream_; }

    FakeStream stream_;
    Trial trial_;
};

TEST_F(StreamTest, PiecesLieInOneWindowAndShowWhatTheRingHoldsNow) {
    int turn = 0;
    stream_.pieces = {{0, 3}, {0, 3}, {200'000, 4}, {0, 0}};
    stream_.before_each = [&] {
        static constexpr std::pair<const char*, uint64_t> kWritten[] = {{"one", 0}, {"two", 0}, {"last", 200'000}, {"", 0}};
        stream_.write(kWritten[turn].first, kWritten[turn].second);
        turn++;
    };
    auto outcome = trial_.run(kReceiveAll + "(i32.const 0)");
    ASSERT_TRUE(std::holds_alternative<Completed>(outcome.how));
    EXPECT_EQ(stream_.parts, (std::vector<std::string>{"one", "two", "last"}));
    EXPECT_EQ(outcome.cost.mapped_bytes, 10u);
    EXPECT_EQ(outcome.cost.copied.total(), 0u);
}

TEST_F(StreamTest, TheHeadGoesWithTheFirstPart) {
    auto name = text_at(kText, "x-a");
    trial_.code(then("header", {kText, 3, kText, 3}) + then("send", {kRanges, 0}) + call("send", {kRanges, 0}), name);
    EXPECT_EQ(stream_.heads, (std::vector<std::string>{"x-a: x-a\r\n"}));
    EXPECT_EQ(stream_.parts, (std::vector<std::string>{""})) << "behind it an empty part is none";
}

TEST_F(StreamTest, OwnMemoryGoesInlineOrThroughPagesThatAreUsedAgain) {
    OutputBudget one_file(kStreamRingBytes, 1);
    trial_.outputs = &one_file;
    constexpr uint32_t kLarge = 700'000;
    auto outcome = trial_.run("(drop (memory.grow (i32.const 20))) (memory.fill (i32.const 65536) (i32.const 97) (i32.const " +
                              std::to_string(kLarge) + "))" + range(0, 65536, 4096) + then("send", {kRanges, 1}) + range(0, 65536, kLarge) +
                              range(1, 65536, 1) + then("send", {kRanges, 2}) + call("send", {kRanges, 2}));
    ASSERT_TRUE(std::holds_alternative<Completed>(outcome.how));
    std::string sent;
    for (const auto& part : stream_.parts) {
        EXPECT_LE(part.size(), kStreamRingBytes);
        sent += part;
    }
    EXPECT_TRUE(sent == std::string(4096 + 2 * (kLarge + 1), 'a')) << sent.size();
    EXPECT_EQ(outcome.cost.copied.heap, sent.size());
}

TEST_F(StreamTest, AnOutputWindowLeavesByReferenceAndMayBeWrittenAgain) {
    auto fill = [](char with) { return "(memory.fill " + word_at(kOut) + " (i32.const " + std::to_string(int{with}) + ") (i32.const 50000))"; };
    auto outcome = trial_.run(then("output", {50'000, kOut}) + fill('a') + then("send", {kOut, 1}) + fill('b') + call("send", {kOut, 1}));
    EXPECT_EQ(stream_.parts, (std::vector<std::string>{std::string(50'000, 'a'), std::string(50'000, 'b')}));
    EXPECT_EQ(outcome.cost.copied.total(), 0u);
}

TEST_F(StreamTest, APieceThatIsRespondedOrPublishedIsCopiedAtTheCall) {
    stream_.pieces = {{0, 20'000}, {0, 20'000}};
    int turn = 0;
    stream_.before_each = [&] { stream_.write(std::string(20'000, turn++ ? 'b' : 'a'), 0); };
    auto outcome = trial_.run(then("receive", {kOut}) + then("publish", {kText, 8, 0, 0, kOut, 1}) + then("respond", {kOut, 1}) +
                                  call("receive", {kOut}), text_at(kText, "data/one"));
    auto* completed = std::get_if<Completed>(&outcome.how);
    ASSERT_NE(completed, nullptr);
    EXPECT_EQ(content_of(completed->response), std::string(20'000, 'a'));
    std::string published(20'000, '?');
    ASSERT_TRUE(os::read_exactly_at(completed->effects.at(0).effect.fd, published.data(), published.size(), 0).ok());
    EXPECT_EQ(published, std::string(20'000, 'a'));
}

TEST_F(StreamTest, EveryErrorHasItsCode) {
    struct {
        std::string calls;
        int32_t code;
    } cases[] = {
        {call("body", {kOut}), INLAY_E_DENIED},
        {call("receive", {UINT32_MAX - 3}), INLAY_E_POINTER},
        {call("receive", {kOut}), INLAY_E_IO},
        {call("send", {UINT32_MAX - 3, 1}), INLAY_E_POINTER},
        {call("send", {0, kRangesMax + 1}), INLAY_E_LIMIT},
        {then("respond", {0, 0}) + call("send", {0, 0}), INLAY_E_TWICE},
        {then("send", {0, 0}) + call("respond", {0, 0}), INLAY_E_TWICE},
        {then("send", {0, 0}) + call("status", {201}), INLAY_E_TWICE},
        {then("send", {0, 0}) + call("header", {kText, 3, kText, 3}), INLAY_E_TWICE},
        {then("status", {204}) + call("send", {0, 0}), INLAY_E_DENIED},
        {then("status", {304}) + call("send", {0, 0}), INLAY_E_DENIED},
    };
    for (const auto& one : cases) EXPECT_EQ(trial_.code(one.calls, text_at(kText, "x-a")), one.code) << one.calls;
    stream_.refuses = true;
    EXPECT_EQ(trial_.code(call("send", {0, 0})), INLAY_E_IO);
}

TEST_F(StreamTest, AStoreIntoAPieceEndsTheInvocation) {
    for (const char* store : {"(i32.store (i32.load (i32.const 16)) (i32.const 1))",
                              "(memory.fill (i32.load (i32.const 16)) (i32.const 1) (i32.const 5000))"}) {
        stream_.pieces = {{0, 5'000}};
        EXPECT_EQ(trial_.error_of(then("receive", {kOut}) + store + "(i32.const 0)").code, Errc::input_is_read_only) << store;
    }
}

// ---- where nothing is streamed ----

TEST(WholeBody, ComesInWindowsOfItsPages) {
    std::string content = std::string(kReceiveWindowBytes, 'a') + std::string(kReceiveWindowBytes, 'b') + std::string(20'000, 'c');
    Trial trial;
    trial.set_body(content);
    auto outcome = trial.run("(loop $again " + then("receive", {kOut}) + "(if (i32.load (i32.const 20)) (then (br $again))))" +
                             call("receive", {kOut}));
    ASSERT_TRUE(std::holds_alternative<Completed>(outcome.how));
    EXPECT_EQ(outcome.cost.mapped_bytes, content.size());
    EXPECT_EQ(outcome.cost.copied.total(), 0u);
    EXPECT_TRUE(trial.response_of(kReceiveAll) == content);
}

TEST(WholeBody, ASmallOneComesToo) {
    Trial trial;
    trial.request.body = Body{"small", nullptr, 5, 0};
    EXPECT_EQ(trial.response_of(kReceiveAll), "small");
    trial.request.body = Body{};
    EXPECT_EQ(trial.response_of(kReceiveAll), "");
}

TEST(WholeBody, TheWindowOfThePiecesIsNotTheGuestsToMoveOrTakeAway) {
    Trial trial;
    trial.set_body(std::string(50'000, 'x'));
    auto receive = then("receive", {kOut});
    EXPECT_EQ(trial.code(receive + call("unmap", {word_at(kOut)})), INLAY_E_ABSENT);
    EXPECT_EQ(trial.code(receive + call("move", {word_at(kOut), 0, 20'000, kOut})), INLAY_E_ABSENT);
}

TEST(WholeBody, WhatIsSentIsCopiedAndLeavesAtTheEnd) {
    Trial trial;
    auto fill = [](char with) { return "(memory.fill (i32.const 1024) (i32.const " + std::to_string(int{with}) + ") (i32.const 10))"; };
    auto send = range(0, 1024, 10) + then("send", {kRanges, 1});
    EXPECT_EQ(trial.response_of(fill('a') + send + fill('b') + send), "aaaaaaaaaabbbbbbbbbb");
    EXPECT_EQ(trial.code("(local $i i32)" + range(0, 1024, 1) + "(loop $l (local.set $i (i32.add (local.get $i) (i32.const 1))) "
                         "(br_if $l (i32.eqz " + call("send", {kRanges, 1}) + "))) (local.get $i)"),
              static_cast<int32_t>(kRangesMax + 1));
}

}  // namespace
}  // namespace inlay::run
