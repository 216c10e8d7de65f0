// The shared state: each change is heard of once, by everybody, and none is lost when too many came.
#include "registry/shared_state.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "os/file.hpp"

namespace inlay::registry {
namespace {

class SharedStateTest : public testing::Test {
  protected:
    // What a reader hears: hashes, or 0 for "everything".
    std::vector<uint64_t> heard_by(ChangeReader& reader) {
        std::vector<uint64_t> heard;
        reader.catch_up([&](uint64_t hash) { heard.push_back(hash); }, [&] { heard.push_back(0); });
        return heard;
    }
    void publish(uint64_t from, uint64_t count) {
        for (uint64_t i = 0; i < count; i++) publish_change(memory_.state(), from + i);
    }

    os::Fd file_ = SharedMemory::create_file().value();
    SharedMemory memory_ = SharedMemory::open(file_.get()).value();
};

using Heard = std::vector<uint64_t>;

uint64_t calls_of(const SharedState& state, uint32_t caller, uint32_t callee) {
    uint64_t calls = 0;
    for (const auto& edge : state.edges)
        if (edge.pair == edge_pair(caller, callee)) calls += edge.calls;
    return calls;
}

TEST_F(SharedStateTest, CallsAreCountedByPair) {
    auto& state = memory_.state();
    for (int i = 0; i < 3; i++) count_edge(state, 0, 0, {true, 5, 7});
    count_edge(state, 1, 2, {});
    count_edge(state, 2, 1, {});
    EXPECT_EQ(calls_of(state, 0, 0), 3u);
    EXPECT_EQ(calls_of(state, 1, 2), 1u);
    forget_edges(state, 1);
    EXPECT_EQ(calls_of(state, 1, 2), 0u);
    EXPECT_EQ(calls_of(state, 2, 1), 0u);
    EXPECT_EQ(calls_of(state, 0, 0), 3u);
}

TEST_F(SharedStateTest, CallsOfTooManyPairsAreCountedTogether) {
    auto& state = memory_.state();
    uint64_t counted = 0;
    for (uint32_t i = 0; i < 2 * kEdgesMax; i++) count_edge(state, i, i, {});
    for (const auto& edge : state.edges) counted += edge.calls;
    EXPECT_GT(counted, kEdgesMax * 9 / 10);
    EXPECT_LE(counted, kEdgesMax);
    EXPECT_EQ(counted + state.edges_not_counted, 2 * kEdgesMax);
}

TEST_F(SharedStateTest, PairsThatAreForgottenMakeRoomForOthers) {
    auto& state = memory_.state();
    for (uint32_t i = 0; i < 3 * kEdgesMax; i++) {
        count_edge(state, i, i + 1, {});
        if (i % 100 == 0) {
            EXPECT_EQ(calls_of(state, i, i + 1), 1u);
        }
        forget_edges(state, i);
    }
    EXPECT_EQ(state.edges_not_counted, 0u);
}

TEST_F(SharedStateTest, EachChangeIsHeardOnceAndInOrder) {
    ChangeReader reader(memory_.state());
    EXPECT_EQ(heard_by(reader), Heard{});
    publish(5, 3);
    EXPECT_EQ(heard_by(reader), (Heard{5, 6, 7}));
    EXPECT_EQ(heard_by(reader), Heard{});
    publish(9, 1);
    EXPECT_EQ(heard_by(reader), Heard{9});
}

TEST_F(SharedStateTest, AReaderHearsOnlyWhatCameAfterIt) {
    publish(5, 3);
    ChangeReader reader(memory_.state());
    EXPECT_EQ(heard_by(reader), Heard{});
}

TEST_F(SharedStateTest, ReadersInOtherMappingsHearTheSame) {
    auto other = SharedMemory::open(file_.get()).value();
    ChangeReader here(memory_.state()), there(other.state());
    publish(5, 2);
    EXPECT_EQ(heard_by(there), (Heard{5, 6}));
    EXPECT_EQ(heard_by(here), (Heard{5, 6}));
}

TEST_F(SharedStateTest, TooManyChangesForgetEverything) {
    ChangeReader reader(memory_.state());
    publish(1, kChangeRingEntries / 2 - 1);
    EXPECT_EQ(heard_by(reader).size(), kChangeRingEntries / 2 - 1);
    publish(1, kChangeRingEntries / 2);
    EXPECT_EQ(heard_by(reader), Heard{0});
    publish(1, 5 * kChangeRingEntries + 7);
    EXPECT_EQ(heard_by(reader), Heard{0});
    publish(9, 2);
    EXPECT_EQ(heard_by(reader), (Heard{9, 10})) << "and goes on from there, across the end of the ring";
}

TEST_F(SharedStateTest, AWriterThatGoesRoundTheRingMeanwhileForgetsEverything) {
    ChangeReader reader(memory_.state());
    publish(1, 10);
    bool overtaken = false;
    Heard heard;
    reader.catch_up(
        [&](uint64_t hash) {
            heard.push_back(hash);
            if (!std::exchange(overtaken, true)) publish(100, kChangeRingEntries);
        },
        [&] { heard.push_back(0); });
    EXPECT_EQ(heard.back(), 0u) << "what was read may be newer than what was to be forgotten";
    EXPECT_EQ(heard_by(reader), Heard{0}) << "and the rest is still to come";
}

TEST_F(SharedStateTest, NamesOfFunctionsAndObjectsDoNotMeet) {
    EXPECT_NE(hash_of_function("a"), hash_of_object("a", ""));
    EXPECT_NE(hash_of_object("a", "b/c"), hash_of_object("a/b", "cc"));
    EXPECT_EQ(hash_of_object("a", "b"), hash_of_object("a", "b"));
    EXPECT_NE(hash_of_object("ab", "c"), hash_of_object("a", "bc"));
}

TEST_F(SharedStateTest, EachWorkerHasCountersOfItsOwn) {
    auto other = SharedMemory::open(file_.get()).value();
    memory_.worker_counters(0).add(Counter::bytes_sent, 5);
    memory_.worker_counters(kWorkersMax - 1).add(Counter::bytes_sent, 6);
    memory_.supervisor_counters().add(Counter::bytes_sent, 7);
    EXPECT_EQ(other.worker_counters(0).get(Counter::bytes_sent), 5u);
    EXPECT_EQ(other.worker_counters(kWorkersMax - 1).get(Counter::bytes_sent), 6u);
    EXPECT_EQ(other.supervisor_counters().get(Counter::bytes_sent), 7u);
    EXPECT_EQ(other.state().generation.load(), 0u);
}

TEST_F(SharedStateTest, ItsFileCannotBeCutUnderTheOthers) {
    EXPECT_FALSE(os::truncate(file_.get(), 0).ok());
    EXPECT_FALSE(SharedMemory::open(-1).ok());
}

}  // namespace
}  // namespace inlay::registry
