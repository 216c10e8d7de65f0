// What is not said is a share of the machine; what is said stands.
#include "control/options.hpp"

#include <gtest/gtest.h>

namespace inlay::control {
namespace {

ServeOptions filled_in(Machine machine, ServeOptions options = {}) {
    fill_in(options, machine);
    return options;
}

// What can be taken at once of what is accounted for; a guest's own memory is not.
uint64_t accounted_bytes(const ServeOptions& options) {
    uint64_t bodies_and_outputs = 2 * options.workers * options.body_memory;
    return bodies_and_outputs + *options.hot_memory + options.clients.connections * kConnectionBytes;
}

TEST(Options, OfALargeMachineAreBoundedByTheTable) {
    auto options = filled_in({.memory_bytes = 1024 * GiB, .processors = 500, .descriptors = 1 << 20});
    EXPECT_EQ(options.workers, kWorkersMax);
    EXPECT_EQ(options.lanes, kLanesPerProcessor * 500 / kWorkersMax);
    EXPECT_EQ(options.pool_slots, kPoolSlots);
    EXPECT_EQ(options.function_memory, kMemoryBytesDefault);
    EXPECT_EQ(options.body_memory, 2 * GiB);
    EXPECT_EQ(options.hot_memory, 128 * GiB);
    EXPECT_EQ(options.clients.connections, kWorkersMax * kConnectionsPerWorkerMax);
    EXPECT_EQ(options.clients.connections_per_address, options.clients.connections / 2);
}

TEST(Options, OfOneProcessorAnd256MibLeaveRoomToFunctions) {
    auto options = filled_in({.memory_bytes = 256 * MiB, .processors = 1, .descriptors = 1 << 20});
    EXPECT_EQ(options.workers, 1u);
    EXPECT_EQ(options.lanes, 2u);
    EXPECT_EQ(options.pool_slots, 128u);
    EXPECT_EQ(options.function_memory, 64 * MiB);
    EXPECT_EQ(options.body_memory, 64 * MiB);
    EXPECT_EQ(options.hot_memory, 32 * MiB);
    EXPECT_LE(accounted_bytes(options), 192 * MiB);
}

TEST(Options, ManyProcessorsWithLittleMemoryHaveFewProcesses) {
    auto options = filled_in({.memory_bytes = 256 * MiB, .processors = 64, .descriptors = 1 << 20});
    EXPECT_EQ(options.workers, 4u);
    EXPECT_EQ(options.lanes, 1u);
    EXPECT_LE(accounted_bytes(options), 192 * MiB);
}

TEST(Options, OfAlmostNothingAreTheLeastThatWorks) {
    auto options = filled_in({.memory_bytes = 1, .processors = 1, .descriptors = 1});
    EXPECT_EQ(options.workers, 1u);
    EXPECT_EQ(options.lanes, 1u);
    EXPECT_EQ(options.pool_slots, kPoolSlotsMin);
    EXPECT_EQ(options.body_memory, kBodyMemoryBytesMin);
    EXPECT_EQ(options.hot_memory, 0u);
    EXPECT_EQ(options.clients.connections, 1u);
    EXPECT_EQ(options.clients.connections_per_address, 1u);
}

TEST(Options, FewDescriptorsAreFewConnections) {
    EXPECT_EQ(filled_in({.memory_bytes = 8 * GiB, .processors = 2, .descriptors = 1024}).clients.connections, 1024u);
}

TEST(Options, WhatIsSaidStands) {
    ServeOptions said{.workers = 7, .clients = {.connections = 11, .connections_per_address = 13}, .hot_memory = 0, .body_memory = 5};
    auto options = filled_in({.memory_bytes = 256 * MiB, .processors = 1, .descriptors = 1 << 20}, said);
    EXPECT_EQ(options.workers, 7u);
    EXPECT_EQ(options.clients.connections, 11u);
    EXPECT_EQ(options.clients.connections_per_address, 13u);
    EXPECT_EQ(options.hot_memory, 0u);
    EXPECT_EQ(options.body_memory, 5u);
}

}  // namespace
}  // namespace inlay::control
