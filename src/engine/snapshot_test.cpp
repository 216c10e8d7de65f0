// Snapshots: what memory and globals are then, and what cannot be kept.
#include "engine/snapshot.hpp"

#include <gtest/gtest.h>

#include "engine/probe.hpp"

namespace inlay::engine {
namespace {

std::string binary(const std::string& text) {
    std::string storage;
    return std::string(binary_of(bytes_of(text), storage).value());
}

TEST(Snapshot, BeginsWhereTheInstanceStood) {
    auto module = binary(guest("(i32.add (i32.load (i32.const 64)) (global.get $count))",
                               R"((global $count (mut i32) (i32.const 1))
                                  (func (export "_initialize") (global.set $count (i32.const 40)))
                                  (func (export "inlay_warm") (i32.store (i32.const 64) (i32.add (global.get $count) (i32.const -38)))))"));
    auto prepared = prepare_snapshot(module);
    ASSERT_TRUE(prepared.ok()) << prepared.error().detail;
    std::string taken;
    {
        auto program = workshop().program(*prepared);
        Instance instance(*program, kMemoryBytesDefault, nullptr);
        ASSERT_FALSE(instance.start().value());
        ASSERT_TRUE(instance.call_if_present(kWarmExport));
        EXPECT_FALSE(instance.call_if_present("nowhere"));
        taken = take_snapshot(module, instance).value();
    }
    auto warm = workshop().program(taken);
    Instance instance(*warm, kMemoryBytesDefault, nullptr);
    ASSERT_FALSE(instance.start().value());
    EXPECT_EQ(std::get<int32_t>(instance.call_handle()), 42) << "2 in memory and 40 in the global: nothing has run again";
    EXPECT_FALSE(instance.call_if_present("_initialize")) << "it has run";
    EXPECT_FALSE(instance.call_if_present(kWarmExport));
}

TEST(Snapshot, RefusesWhatItCannotKeep) {
    for (const char* before : {R"((table 1 funcref) (func (table.set (i32.const 0) (ref.null func))))", R"((global (mut funcref) (ref.null func)))",
                               R"((import "env" "memory" (memory 1)))"}) {
        auto refused = prepare_snapshot(binary(guest("(i32.const 0)", before)));
        ASSERT_FALSE(refused.ok()) << before;
        EXPECT_NE(refused.error().detail.find("deploy it without --warm"), std::string::npos) << refused.error().detail;
    }
    EXPECT_FALSE(prepare_snapshot("no module").ok());
}

}  // namespace
}  // namespace inlay::engine
