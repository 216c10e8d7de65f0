// What a process in a sandbox still does, and what it cannot do any more: each tried in a child of its own.
#include "os/sandbox.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <map>
#include <string>

#include "os/fd.hpp"

namespace inlay::os {
namespace {

constexpr uint32_t kUser = 60'900;

SandboxPlan plan_of(SandboxKind kind) { return {kind, may_change_user() ? kUser : 0}; }

struct End {
    int code = -1;    // That it exited with, or
    int signal = 0;   // what ended it.
};

// The exit code of `act`, called in a child in a sandbox.
End in_sandbox(SandboxKind kind, const std::function<int()>& act) {
    pid_t pid = ::fork();
    if (pid == 0) ::_exit(enter_sandbox(plan_of(kind)).ok() ? act() : 99);
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? End{-1, WTERMSIG(status)} : End{WEXITSTATUS(status), 0};
}

class Sandbox : public testing::TestWithParam<SandboxKind> {};

TEST_P(Sandbox, IsEnteredAndSaysWhatItIs) {
    auto report = try_sandbox(plan_of(GetParam()));
    ASSERT_TRUE(report.ok()) << report.error().detail;
    EXPECT_EQ(report->user, plan_of(GetParam()).user);
}

TEST_P(Sandbox, IsWhatTheKernelSaysOfIt) {
    std::array<int, 2> there{}, back{};
    ASSERT_TRUE(::pipe(there.data()) == 0 && ::pipe(back.data()) == 0);
    pid_t pid = ::fork();
    char byte = 0;
    if (pid == 0) {
        bool entered = enter_sandbox(plan_of(GetParam())).ok();
        ::_exit(entered && ::write(there[1], "x", 1) == 1 && ::read(back[0], &byte, 1) == 1 ? 0 : 1);
    }
    ASSERT_EQ(::read(there[0], &byte, 1), 1);
    std::map<std::string, std::string> says;
    std::ifstream file("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(file, line);)
        if (auto colon = line.find(':'); colon != line.npos) says[line.substr(0, colon)] = line.substr(std::min(colon + 2, line.size()));
    ASSERT_EQ(::write(back[1], "x", 1), 1);
    int status = 0;
    ::waitpid(pid, &status, 0);
    EXPECT_EQ(status, 0);
    for (int end : {there[0], there[1], back[0], back[1]}) ::close(end);
    EXPECT_EQ(says["NoNewPrivs"], "1");
#ifndef __SANITIZE_ADDRESS__
    EXPECT_EQ(says["Seccomp"], "2");
#endif
    if (!may_change_user()) return;
    EXPECT_EQ(says["Uid"], "60900\t60900\t60900\t60900");
    EXPECT_EQ(says["Gid"], "60900\t60900\t60900\t60900");
    EXPECT_EQ(says["Groups"].find_first_not_of(" "), std::string::npos);
    EXPECT_EQ(says["CapEff"], GetParam() == SandboxKind::compiler ? "0000000000000000" : "0000000000000008");
    EXPECT_EQ(says["CapPrm"], says["CapEff"]);
    EXPECT_EQ(says["CapBnd"], "0000000000000000");
    EXPECT_EQ(says["CapAmb"], "0000000000000000");
}

TEST_P(Sandbox, OpensNoFileNotEvenOneThatEverybodyMayRead) {
    auto end = in_sandbox(GetParam(), [] { return ::open("/etc/passwd", O_RDONLY) == -1 && errno == EACCES ? 0 : 1; });
    EXPECT_EQ(end.code, 0);
}

TEST_P(Sandbox, LeavesNoCore) {
    auto end = in_sandbox(GetParam(), [] {
        rlimit core{};
        ::getrlimit(RLIMIT_CORE, &core);
        return core.rlim_max == 0 ? 0 : 1;
    });
    EXPECT_EQ(end.code, 0);
}

TEST_P(Sandbox, KeepsTheMemoryThatItHasAndGetsMore) {
    auto end = in_sandbox(GetParam(), [] {
        std::string text(10 << 20, 'x');
        return text[5 << 20] == 'x' ? 0 : 1;
    });
    EXPECT_EQ(end.code, 0);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Sandbox, testing::Values(SandboxKind::worker, SandboxKind::lane, SandboxKind::compiler),
                         [](const auto& one) {
                             return std::string(one.param == SandboxKind::worker ? "Worker" : one.param == SandboxKind::lane ? "Lane" : "Compiler");
                         });

TEST(SandboxWord, GoesThereAndBack) {
    EXPECT_EQ(user_of_word(sandbox_word(60'578u)), 60'578u);
    EXPECT_EQ(user_of_word(sandbox_word(0u)), 0u);
    EXPECT_EQ(user_of_word(sandbox_word(std::nullopt)), std::nullopt);
    EXPECT_EQ(user_of_word(""), std::nullopt);
    EXPECT_EQ(user_of_word("5x"), std::nullopt);
}

}  // namespace
}  // namespace inlay::os
