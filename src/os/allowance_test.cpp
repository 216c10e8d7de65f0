// What may be used, by files that look like /proc and /sys: the machine's own, and groups of both versions.
#include "os/allowance.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

#include "base/limits.hpp"
#include "os/fake_machine.hpp"

namespace inlay::os {
namespace {

class AllowanceTest : public testing::Test {
  protected:
    AllowanceTest() { machine_.file("/proc/meminfo", "MemFree: 1 kB\nMemTotal:       1000 kB\n"); }
    void in_groups(const std::string& lines) { machine_.file("/proc/self/cgroup", lines); }
    void file(const std::string& path, const std::string& content) { machine_.file("/sys/fs/cgroup" + path, content); }
    uint64_t memory() { return usable_memory_bytes(machine_.root()); }
    size_t processors() { return usable_processors(machine_.root()); }

    FakeMachine machine_;
};

TEST_F(AllowanceTest, OfMemoryIsTheMachinesWithoutAGroup) { EXPECT_EQ(memory(), 1000 * KiB); }

TEST_F(AllowanceTest, OfMemoryIsTheLeastOfAllGroupsAbove) {
    in_groups("0::/a/b\n");
    file("/a/b/memory.max", "700000\n");
    EXPECT_EQ(memory(), 700'000u);
    file("/a/memory.max", "300000\n");
    EXPECT_EQ(memory(), 300'000u);
    file("/a/memory.max", "max\n");
    EXPECT_EQ(memory(), 700'000u);
    file("/a/b/memory.max", "9000000000\n");
    EXPECT_EQ(memory(), 1000 * KiB) << "the machine has less";
}

TEST_F(AllowanceTest, OfMemoryKnowsGroupsOfVersionOne) {
    in_groups("4:cpu,memory:/a\n0::/\n");
    file("/memory/a/memory.limit_in_bytes", "9223372036854771712\n");
    EXPECT_EQ(memory(), 1000 * KiB) << "no limit";
    file("/memory/a/memory.limit_in_bytes", "300000\n");
    EXPECT_EQ(memory(), 300'000u);
}

TEST_F(AllowanceTest, OfProcessorsIsThoseItMayRunOn) {
    cpu_set_t before, one;
    ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
    EXPECT_EQ(processors(), static_cast<size_t>(CPU_COUNT(&before)));
    EXPECT_LE(processors(), std::thread::hardware_concurrency());
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET(i, &before)) CPU_SET(i, &one);
    ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
    EXPECT_EQ(processors(), 1u);
    ASSERT_EQ(::sched_setaffinity(0, sizeof before, &before), 0);
}

TEST_F(AllowanceTest, OfProcessorsIsNoMoreThanTheQuotaRoundedUp) {
    const size_t all = processors();
    in_groups("0::/a\n");
    for (auto [text, expected] : {std::pair{"100000 100000\n", size_t{1}}, {"20000 100000\n", 1}, {"100001 100000\n", 2}, {"max 100000\n", all},
                                  {"99999999 1000\n", all}, {"5000\n", all}, {"", all}}) {
        file("/a/cpu.max", text);
        EXPECT_EQ(processors(), std::min(expected, all)) << text;
    }
}

TEST_F(AllowanceTest, OfProcessorsKnowsQuotasOfVersionOne) {
    const size_t all = processors();
    in_groups("2:cpuacct:/\n1:cpu:/a\n0::/\n");
    file("/cpu/a/cpu.cfs_period_us", "100000\n");
    file("/cpu/a/cpu.cfs_quota_us", "-1\n");
    EXPECT_EQ(processors(), all) << "none";
    file("/cpu/a/cpu.cfs_quota_us", "60000\n");
    EXPECT_EQ(processors(), 1u);
}

TEST(Allowance, OfThisProcessIsSomething) {
    EXPECT_GT(usable_memory_bytes(), uint64_t{64} << 20);
    EXPECT_GE(usable_processors(), 1u);
    EXPECT_GT(usable_memory_bytes("/absent"), uint64_t{64} << 20) << "where /proc is not there";
}

}  // namespace
}  // namespace inlay::os
