// Door: shares of addresses, room in all and in this worker, and that who waits the longest goes first.
#include "serve/door.hpp"

#include <gtest/gtest.h>

#include <list>
#include <optional>
#include <string>

namespace inlay::serve {
namespace {

using boost::asio::ip::make_address;

struct Waiting final : Idle {
    void end_idle() override { ended = true; }
    bool ended = false;
};

class DoorTest : public testing::Test {
  protected:
    static constexpr uint64_t kAll = 10, kPerAddress = 3;

    DoorTest() {
        for (size_t slot = 0; slot < 2; slot++) {
            settings_[slot].slot = slot;
            settings_[slot].workers = 2;
            settings_[slot].clients.connections = kAll;
            settings_[slot].clients.connections_per_address = kPerAddress;
            doors_[slot].emplace(memory_, settings_[slot]);
        }
    }
    // What keeps it from entering; empty: it is in, until `in_` is cleared.
    std::string enter(const char* from, size_t worker = 0, size_t here = 0) {
        auto place = doors_[worker]->enter(make_address(from), here);
        if (!place.ok()) {
            EXPECT_EQ(place.error().code, Errc::overloaded);
            return place.error().detail;
        }
        in_.push_back(std::move(place).value());
        return "";
    }
    static bool names(const std::string& detail, std::string_view limit) { return detail.find(limit) != detail.npos; }
    void note_open(size_t worker, uint64_t connections) { memory_.worker_counters(worker).add(Counter::connections_open, connections); }

    os::Fd file_ = registry::SharedMemory::create_file().value();
    registry::SharedMemory memory_ = registry::SharedMemory::open(file_.get()).value();
    WorkerSettings settings_[2];
    std::optional<Door> doors_[2];
    std::list<Door::Place> in_;
};

TEST_F(DoorTest, AnAddressHasItsShareOverAllWorkersAndGetsItBack) {
    EXPECT_EQ(enter("10.0.0.1", 0), "");
    EXPECT_EQ(enter("10.0.0.1", 1), "");
    EXPECT_EQ(enter("10.0.0.1", 1), "");
    for (size_t worker : {0, 1}) EXPECT_TRUE(names(enter("10.0.0.1", worker), "connections_per_address"));
    EXPECT_EQ(enter("10.0.0.2"), "") << "another address";
    in_.pop_front();
    EXPECT_EQ(enter("10.0.0.1", 1), "");
    in_.clear();
    for (uint64_t i = 0; i < kPerAddress; i++) EXPECT_EQ(enter("10.0.0.1"), "");
}

TEST_F(DoorTest, AnIpv6ClientIsItsNetworkAndAMappedAddressIsAnIpv4One) {
    EXPECT_EQ(enter("2001:db8::1"), "");
    EXPECT_EQ(enter("2001:db8::2"), "");
    EXPECT_EQ(enter("2001:db8::ffff:1"), "");
    EXPECT_NE(enter("2001:db8::3"), "");
    EXPECT_EQ(enter("2001:db8:0:1::1"), "");
    for (const char* same : {"10.0.0.1", "::ffff:10.0.0.1", "10.0.0.1"}) EXPECT_EQ(enter(same), "");
    EXPECT_NE(enter("::ffff:10.0.0.1"), "");
}

TEST_F(DoorTest, WhoWaitsTheLongestGoesForWhoComes) {
    Waiting first, second;
    doors_[0]->add(first);
    doors_[0]->add(second);
    note_open(0, 4);
    note_open(1, kAll - 4);
    EXPECT_EQ(enter("10.0.0.1"), "");
    EXPECT_TRUE(first.ended);
    EXPECT_FALSE(second.ended);
    EXPECT_FALSE(first.is_linked()) << "it is ended once";
    EXPECT_EQ(enter("10.0.0.2"), "");
    EXPECT_TRUE(second.ended);
    EXPECT_TRUE(names(enter("10.0.0.3"), "(connections)")) << "nobody waits";
}

TEST_F(DoorTest, WhoseAddressHasItsShareEndsNobody) {
    Waiting waiting;
    doors_[0]->add(waiting);
    note_open(0, kAll);
    for (uint64_t i = 0; i < kPerAddress; i++) {
        EXPECT_EQ(enter("10.0.0.1"), "");
        waiting.ended = false;
        if (!waiting.is_linked()) doors_[0]->add(waiting);
    }
    EXPECT_NE(enter("10.0.0.1"), "");
    EXPECT_FALSE(waiting.ended);
}

TEST_F(DoorTest, AWorkerTakesWhatItHasDescriptorsFor) {
    doors_[0]->limit_descriptors(8);
    EXPECT_EQ(enter("10.0.0.1", 0, 8 / kConnectionDescriptorShare - 1), "");
    EXPECT_NE(enter("10.0.0.2", 0, 8 / kConnectionDescriptorShare), "");
    doors_[0]->limit_descriptors(100 * kConnectionsPerWorkerMax);
    EXPECT_EQ(enter("10.0.0.3", 0, kConnectionsPerWorkerMax - 1), "");
    EXPECT_NE(enter("10.0.0.4", 0, kConnectionsPerWorkerMax), "");
}

TEST_F(DoorTest, WhatIsUnlinkedWaitsNoLonger) {
    Waiting waiting;
    doors_[0]->add(waiting);
    waiting.unlink();
    EXPECT_FALSE(doors_[0]->end_longest_idle());
    {
        Waiting gone;
        doors_[0]->add(gone);
    }
    EXPECT_FALSE(doors_[0]->end_longest_idle());
}

TEST_F(DoorTest, TwoAddressesSeldomShareAPlace) {
    settings_[0].clients.connections_per_address = 1;
    size_t turned_away = 0;
    for (int i = 1; i <= 200; i++) turned_away += !enter(("10.0.0." + std::to_string(i)).c_str()).empty();
    EXPECT_LT(turned_away, 10u);
}

}  // namespace
}  // namespace inlay::serve
