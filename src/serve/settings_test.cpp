// A worker's settings on their way from the supervisor.
#include "serve/settings.hpp"

#include <gtest/gtest.h>

namespace inlay::serve {
namespace {

WorkerSettings example() {
    return {.slot = 3, .workers = 4, .max_body = 5, .body_memory = 7, .token = "secret", .pool_slots = 41, .function_memory = 43, .lanes = 9, .send = SendWay::file, 
            .clients = {11, 13, 17, 19, 23, 29, 31}, .clock_resolution_us = 37};
}

TEST(Settings, ComeBackAsTheyWere) {
    auto back = decode_settings(encode(example()));
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back->slot, 3u);
    EXPECT_EQ(back->workers, 4u);
    EXPECT_EQ(back->max_body, 5u);
    EXPECT_EQ(back->body_memory, 7u);
    EXPECT_EQ(back->token, "secret");
    EXPECT_EQ(back->lanes, 9u);
    EXPECT_EQ(back->send, SendWay::file);
    EXPECT_EQ(back->clients.head_timeout_ms, 11u);
    EXPECT_EQ(back->clients.idle_timeout_ms, 13u);
    EXPECT_EQ(back->clients.stall_timeout_ms, 17u);
    EXPECT_EQ(back->clients.rate_min, 19u);
    EXPECT_EQ(back->clients.connections, 23u);
    EXPECT_EQ(back->clients.connections_per_address, 29u);
    EXPECT_EQ(back->clients.requests_per_connection, 31u);
    EXPECT_EQ(back->clock_resolution_us, 37u);
    EXPECT_EQ(back->pool_slots, 41u);
    EXPECT_EQ(back->function_memory, 43u);
    EXPECT_EQ(decode_settings(encode(WorkerSettings{}))->token, "");
}

TEST(Settings, EveryCutAndWhatIsLongerIsRefused) {
    std::string whole = encode(example());
    for (size_t length = 0; length < whole.size(); length++) EXPECT_FALSE(decode_settings(whole.substr(0, length)).ok()) << length;
    auto longer = decode_settings(whole + "x");
    ASSERT_FALSE(longer.ok());
    EXPECT_EQ(longer.error().code, Errc::internal);
}

TEST(Settings, StreamsLeaveInstancesToOthers) {
    WorkerSettings settings;
    EXPECT_EQ(settings.streams_max(), kStreamsPerWorkerMax);
    for (size_t slots : {kPoolSlotsMin, size_t{60}, size_t{128}}) {
        settings.pool_slots = slots;
        EXPECT_LE(settings.streams_max() + slots / kStreamSlotsShare, slots);
        EXPECT_GT(settings.streams_max(), slots / 2);
    }
}

TEST(Settings, StreamsHaveNoMoreMemoryThanThereIs) {
    WorkerSettings settings;
    EXPECT_EQ(settings.fiber_memory(), kFiberMemoryBytesMax);
    for (uint64_t memory : {1 * MiB, 32 * MiB, 128 * MiB, 1 * GiB, 6 * GiB}) {
        settings.stream_memory = memory;
        EXPECT_LE(settings.streams_max() * settings.fiber_memory(), std::max(memory, kFiberMemoryBytesMin)) << memory;
        EXPECT_GE(settings.fiber_memory(), kFiberMemoryBytesMin);
    }
    EXPECT_EQ(settings.streams_max(), kStreamsPerWorkerMax);
}

TEST(Settings, ASlotThatDoesNotExistIsRefused) {
    auto settings = example();
    settings.slot = kWorkersMax - 1;
    settings.workers = kWorkersMax;
    EXPECT_TRUE(decode_settings(encode(settings)).ok());
    settings.slot = settings.workers = kWorkersMax + 1;
    settings.slot--;
    EXPECT_FALSE(decode_settings(encode(settings)).ok()) << "its counters would lie outside of the shared memory";
}

}  // namespace
}  // namespace inlay::serve
