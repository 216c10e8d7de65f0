// The gauge over directories that look like /proc and /sys: machine, groups of both versions, and what cannot be read.
#include "os/memory_gauge.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/limits.hpp"
#include "os/allowance.hpp"
#include "os/fake_machine.hpp"

namespace inlay::os {
namespace {

class MemoryGaugeTest : public testing::Test {
  protected:
    MemoryGaugeTest() {
        file("/proc/meminfo", "MemTotal:       1000 kB\nMemFree: 1 kB\nMemAvailable:   400 kB\n");
        file("/proc/pressure/memory", "some avg10=0.00 avg60=0.00 avg300=0.00 total=77\nfull avg10=0.00 total=5\n");
    }

    void file(const std::string& path, const std::string& content) { machine_.file(path, content); }
    void group(const std::string& path, uint64_t limit, uint64_t usage, uint64_t cache) {
        file(path + "/memory.max", limit ? std::to_string(limit) : "max");
        file(path + "/memory.current", std::to_string(usage));
        file(path + "/memory.stat", "anon 1\nactive_file " + std::to_string(cache / 2) + "\ninactive_file " + std::to_string(cache - cache / 2) + "\n");
    }
    MemoryLeft read() const { return MemoryGauge(machine_.root()).read(); }

    FakeMachine machine_;
};

TEST_F(MemoryGaugeTest, TellsOfTheMachineWhereThereAreNoGroups) {
    auto left = read();
    EXPECT_EQ(left.left_bytes, 400 * KiB);
    EXPECT_EQ(left.limit_bytes, 1000 * KiB);
    EXPECT_EQ(left.stalled_us, 77u);
}

TEST_F(MemoryGaugeTest, TellsOfTheGroupThatIsNearestToItsLimit) {
    file("/proc/self/cgroup", "0::/a/b\n");
    group("/sys/fs/cgroup/a/b", 300'000, 200'000, 0);
    group("/sys/fs/cgroup/a", 500'000, 450'000, 0);
    EXPECT_EQ(read().left_bytes, 50'000u);
    EXPECT_EQ(read().limit_bytes, 500'000u);
}

TEST_F(MemoryGaugeTest, PageCacheOfAGroupIsLeft) {
    file("/proc/self/cgroup", "0::/a\n");
    group("/sys/fs/cgroup/a", 300'000, 290'000, 250'000);
    EXPECT_EQ(read().left_bytes, 400 * KiB) << "the machine is nearer to its end";
    group("/sys/fs/cgroup/a", 300'000, 290'000, 100'000);
    EXPECT_EQ(read().left_bytes, 110'000u);
}

TEST_F(MemoryGaugeTest, AGroupWithoutALimitIsNone) {
    file("/proc/self/cgroup", "0::/a\n");
    group("/sys/fs/cgroup/a", 0, 290'000, 0);
    EXPECT_EQ(read().limit_bytes, 1000 * KiB);
    group("/sys/fs/cgroup/a", 2'000'000, 1'999'999, 0);
    EXPECT_EQ(read().limit_bytes, 1000 * KiB) << "the machine has less";
}

TEST_F(MemoryGaugeTest, WaitsAreThoseOfTheOwnGroupWhereItIsToldOfThem) {
    file("/proc/self/cgroup", "0::/a\n");
    group("/sys/fs/cgroup/a", 0, 1, 0);
    file("/sys/fs/cgroup/a/memory.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=123\n");
    EXPECT_EQ(read().stalled_us, 123u);
}

TEST_F(MemoryGaugeTest, KnowsGroupsOfVersionOne) {
    file("/proc/self/cgroup", "9:name=systemd:/\n4:cpu,memory:/a\n0::/\n");
    file("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "300000");
    file("/sys/fs/cgroup/memory/a/memory.usage_in_bytes", "290000");
    file("/sys/fs/cgroup/memory/a/memory.stat", "active_file 9\ntotal_active_file 20000\ntotal_inactive_file 30000\n");
    EXPECT_EQ(read().left_bytes, 60'000u);
    EXPECT_EQ(read().limit_bytes, 300'000u);
}

TEST(MemoryGauge, SaysNothingWhereNothingIsTold) {
    auto left = MemoryGauge("/absent").read();
    EXPECT_EQ(left.left_bytes + left.limit_bytes + left.stalled_us, 0u);
}

TEST(MemoryGauge, OfThisMachineIsWithinItsMemory) {
    auto left = MemoryGauge().read();
    EXPECT_GT(left.left_bytes, 0u);
    EXPECT_LE(left.left_bytes, left.limit_bytes);
    EXPECT_GE(left.limit_bytes, usable_memory_bytes());
}

}  // namespace
}  // namespace inlay::os
