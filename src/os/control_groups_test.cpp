// Which groups a process is in, by files as both versions of the kernel's interface have them.
#include "os/control_groups.hpp"

#include <gtest/gtest.h>

#include "os/fake_machine.hpp"

namespace inlay::os {
namespace {

class ControlGroupsTest : public testing::Test {
  protected:
    // Their directories, relative to /sys/fs/cgroup; those of version 2 with a "2".
    std::vector<std::string> groups(const char* controller) {
        std::vector<std::string> found;
        for (const auto& group : groups_of(controller, machine_.root()))
            found.push_back((group.unified ? "2" : "") + group.directory.substr((machine_.root() + "/sys/fs/cgroup").size()));
        return found;
    }
    FakeMachine machine_;
};

using Names = std::vector<std::string>;

TEST_F(ControlGroupsTest, OfVersionTwoAreTheOwnOneAndAllAboveIt) {
    machine_.file("/proc/self/cgroup", "0::/a/b\n");
    EXPECT_EQ(groups("memory"), (Names{"2/a/b", "2/a", "2"}));
    machine_.file("/proc/self/cgroup", "0::/\n");
    EXPECT_EQ(groups("memory"), Names{"2"}) << "a container that sees its own group as the root";
}

TEST_F(ControlGroupsTest, OfVersionOneAreThoseOfTheController) {
    machine_.file("/proc/self/cgroup", "9:name=systemd:/s\n4:cpu,cpuacct:/c\n3:memory:/m/n\n0::/\n");
    EXPECT_EQ(groups("memory"), (Names{"/memory/m/n", "/memory/m", "/memory", "2"}));
    EXPECT_EQ(groups("cpu"), (Names{"/cpu/c", "/cpu", "2"}));
    EXPECT_EQ(groups("acct"), Names{"2"});
}

TEST_F(ControlGroupsTest, AreNoneWhereNothingIsTold) {
    EXPECT_TRUE(groups("memory").empty());
    machine_.file("/proc/self/cgroup", "no such line\n:\n\n");
    EXPECT_TRUE(groups("memory").empty());
}

TEST_F(ControlGroupsTest, NumbersAreReadAndWhatIsNoNumberIsNone) {
    machine_.file("/number", "123 456\n");
    machine_.file("/max", "max 100000\n");
    machine_.file("/minus", "-1\n");
    machine_.file("/table", "one 1\ntwo 2\nonetwo 3\n");
    const auto& root = machine_.root();
    EXPECT_EQ(number_in(root + "/number"), 123u);
    for (const char* none : {"/max", "/minus", "/absent"}) EXPECT_EQ(number_in(root + none), std::nullopt) << none;
    EXPECT_EQ(number_after(root + "/table", "two"), 2u);
    EXPECT_EQ(number_after(root + "/table", "tw"), std::nullopt);
}

}  // namespace
}  // namespace inlay::os
