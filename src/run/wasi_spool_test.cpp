// Spools: what is written is there, wherever it lies, and each copy of it is counted.
#include "run/wasi_spool.hpp"

#include <gtest/gtest.h>

#include "run/wasi_trial.hpp"

namespace inlay::run::wasi {
namespace {

class WasiSpool : public testing::Test, public WasiTrial {
  protected:
    std::string content(const Spool& spool) {
        std::string bytes(spool.size(), '?');
        EXPECT_TRUE(spool.read(invocation, 0, {reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()}));
        return bytes;
    }
    uint64_t copied() const { return invocation.cost.copied.wasi; }
};

TEST_F(WasiSpool, HoldsWhatIsWrittenInItselfAndThenInPages) {
    Spool spool(10);
    ASSERT_EQ(spool.write(invocation, 0, "0123456789"), kSuccess);
    EXPECT_EQ(invocation.output_bytes, 0u) << "no pages yet";
    EXPECT_EQ(copied(), 10u);
    ASSERT_EQ(spool.write(invocation, 10, "a"), kSuccess);
    EXPECT_EQ(invocation.output_bytes, 1 * MiB);
    EXPECT_EQ(copied(), 10u + 10 + 1) << "the first ten once more, into the pages";
    ASSERT_EQ(spool.write(invocation, 2, "xy"), kSuccess);
    EXPECT_EQ(content(spool), "01xy456789a");
    EXPECT_EQ(copied(), 10u + 10 + 1 + 2 + 11);
}

TEST_F(WasiSpool, GrowsToTwiceItsPages) {
    Spool spool(10);
    const std::string mib(1 * MiB, 'x');
    for (uint64_t at = 0; at < 3 * MiB; at += MiB) ASSERT_EQ(spool.write(invocation, at, mib), kSuccess);
    EXPECT_EQ(invocation.output_bytes, (1 + 2 + 4) * MiB) << "those that were replaced count, too: who gave them keeps them to the end";
    EXPECT_EQ(copied(), 3 * MiB + 1 * MiB + 2 * MiB);
    EXPECT_EQ(content(spool), mib + mib + mib);
}

TEST_F(WasiSpool, HasZerosWhereNothingWasWritten) {
    for (size_t inline_max : {100, 0}) {
        Spool spool(inline_max);
        ASSERT_EQ(spool.write(invocation, 0, "abcdef"), kSuccess);
        ASSERT_EQ(spool.write(invocation, 8, "x"), kSuccess);
        EXPECT_EQ(content(spool), std::string("abcdef\0\0x", 9));
        ASSERT_EQ(spool.resize(invocation, 2), kSuccess);
        ASSERT_EQ(spool.resize(invocation, 7), kSuccess);
        EXPECT_EQ(content(spool), std::string("ab\0\0\0\0\0", 7)) << "what was cut off does not show again, inline_max " << inline_max;
        ASSERT_EQ(spool.resize(invocation, 1), kSuccess);
        ASSERT_EQ(spool.write(invocation, 4, "y"), kSuccess);
        EXPECT_EQ(content(spool), std::string("a\0\0\0y", 5));
    }
}

TEST_F(WasiSpool, TakesNoMoreThanTheFunctionsOutputs) {
    function.record.limits.output_bytes = 2 * MiB;
    Spool spool(10);
    EXPECT_EQ(spool.write(invocation, 2 * MiB, "x"), kDquot);
    EXPECT_EQ(spool.resize(invocation, 2 * MiB + 1), kDquot);
    EXPECT_NE(invocation.limit_met().find("output_bytes = 2097152"), std::string::npos) << invocation.limit_met();
    EXPECT_EQ(spool.resize(invocation, 2 * MiB), kSuccess);
    Spool second(10);
    EXPECT_EQ(second.write(invocation, 0, "more than ten"), kDquot) << "together";
    EXPECT_EQ(second.write(invocation, UINT64_MAX, "x"), kFbig);
    EXPECT_EQ(second.size(), 0u);
}

TEST_F(WasiSpool, TellsThatThereIsNoRoomNow) {
    OutputBudget none(0, 10);
    trial.outputs = &none;
    Spool spool(10);
    EXPECT_EQ(spool.write(invocation, 0, "more than ten"), kNospc);
    EXPECT_EQ(spool.write(invocation, 0, "ten"), kSuccess);
}

TEST_F(WasiSpool, BeginsAgainInALaneWhereAWorkerDoesNotGiveSoMuch) {
    terms.place = Place::express;
    Spool spool(10);
    EXPECT_EQ(spool.resize(invocation, kExpressOutputBytesMax + 1), engine::kStopGuest);
    invocation.sent = true;
    EXPECT_EQ(spool.resize(invocation, kExpressOutputBytesMax + 1), kSuccess) << "what was sent cannot be had again";
}

TEST_F(WasiSpool, GivesAwayAllItHolds) {
    Spool small(10), large(10);
    ASSERT_EQ(small.write(invocation, 0, "small"), kSuccess);
    ASSERT_EQ(large.write(invocation, 0, "more than ten"), kSuccess);
    auto piece = small.take(invocation);
    EXPECT_EQ(content_of(piece), "small");
    EXPECT_TRUE(invocation.outputs.empty());
    piece = large.take(invocation);
    EXPECT_EQ(content_of(piece), "more than ten");
    ASSERT_EQ(invocation.outputs.size(), 1u) << "which are sealed at the end";
    EXPECT_EQ(large.size(), 0u);
    EXPECT_EQ(content_of(large.take(invocation)), "");
}

}  // namespace
}  // namespace inlay::run::wasi
