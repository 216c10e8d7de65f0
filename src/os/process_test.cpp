// Processes: how children end, and what this one knows of itself. spawn_self is tested from outside: it starts the program.
#include "os/process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <thread>

#include "base/clock.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"

namespace inlay::os {
namespace {

// A child that does this and nothing else.
template <class Do>
pid_t child(Do what) {
    pid_t pid = ::fork();
    if (pid == 0) {
        what();
        ::_exit(0);
    }
    return pid;
}

TEST(Process, AnExitIsToldInWords) {
    EXPECT_EQ((Exit{1, 3, false}).text(), "exit code 3");
    EXPECT_EQ((Exit{1, 9, true}).text(), "signal 9 (Killed)");
    EXPECT_EQ((Exit{1, 11, true}).text(), "signal 11 (Segmentation fault)");
}

TEST(Process, ChildrenAreWaitedFor) {
    pid_t exits = child([] { ::_exit(7); });
    auto ended = wait_for(exits);
    ASSERT_TRUE(ended.ok());
    EXPECT_EQ(ended->pid, exits);
    EXPECT_EQ(ended->text(), "exit code 7");
    pid_t sleeps = child([] { ::pause(); });
    send_signal(sleeps, SIGKILL);
    EXPECT_EQ(wait_for(sleeps)->text(), "signal 9 (Killed)");
    EXPECT_EQ(wait_for(sleeps).error().code, Errc::io_error) << "it is not there any more";
}

TEST(Process, AShellCommandRunsInItsDirectoryWithOutputsOfItsOwn) {
    auto output = create_memfd("output", 0), errors = create_memfd("errors", 0);
    ASSERT_TRUE(output.ok() && errors.ok());
    ChildPlan plan;
    plan.output = output->get();
    plan.errors = errors->get();
    plan.directory = "/usr";
    plan.own_group = true;
    auto pid = spawn_shell("pwd; echo wrong >&2; cat; exit 5", plan);
    ASSERT_TRUE(pid.ok());
    EXPECT_EQ(wait_for(*pid)->text(), "exit code 5");
    EXPECT_EQ(*read_from_start(output->get(), 100), "/usr\n") << "its standard input is empty";
    EXPECT_EQ(*read_from_start(errors->get(), 100), "wrong\n");
}

TEST(Process, AGroupIsEndedWhole) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    Fd heard(ends[0]), said(ends[1]);
    ChildPlan plan;
    plan.own_group = true;
    plan.output = said.get();
    auto pid = spawn_shell("sleep 60 & echo; wait", plan);
    ASSERT_TRUE(pid.ok());
    said.close();
    char line;
    ASSERT_EQ(::read(heard.get(), &line, 1), 1);
    send_signal_to_group(*pid, SIGKILL);
    EXPECT_EQ(wait_for(*pid)->text(), "signal 9 (Killed)");
    EXPECT_EQ(::read(heard.get(), &line, 1), 0) << "what it has started lives on";
}

TEST(Process, TheChildThatEndsNextIsWaitedFor) {
    pid_t sleeps = child([] { ::pause(); });
    pid_t exits = child([] { ::_exit(7); });
    EXPECT_EQ(wait_for_child()->pid, exits);
    send_signal(sleeps, SIGKILL);
    EXPECT_EQ(wait_for_child()->pid, sleeps);
    EXPECT_EQ(wait_for_child().error().code, Errc::io_error) << "there is none any more";
}

TEST(Process, EndedChildrenAreReapedWithoutWaiting) {
    EXPECT_FALSE(reap_child());
    pid_t sleeps = child([] { ::pause(); });
    EXPECT_FALSE(reap_child()) << "it lives";
    send_signal(sleeps, SIGTERM);
    std::optional<Exit> reaped;
    for (int i = 0; i < 500 && !reaped; i++) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        reaped = reap_child();
    }
    ASSERT_TRUE(reaped);
    EXPECT_EQ(reaped->pid, sleeps);
    EXPECT_TRUE(reaped->signalled);
    EXPECT_EQ(reaped->status, SIGTERM);
    EXPECT_FALSE(reap_child()) << "once only";
}

TEST(Process, SetsItsName) {
    pid_t named = child([] {
        set_process_name("inlay-a-name-that-is-too-long");
        std::string name;
        std::getline(std::ifstream("/proc/self/comm"), name);
        ::_exit(name == "inlay-a-name-th" ? 0 : 1);
    });
    EXPECT_EQ(wait_for(named)->status, 0);
}

TEST(Process, IgnoresASignal) {
    pid_t ignoring = child([] {
        ignore_signal(SIGTERM);
        ::raise(SIGTERM);
    });
    EXPECT_EQ(wait_for(ignoring)->text(), "exit code 0");
}

TEST(Process, EndsItselfAtItsTimeUnlessItIsTakenBack) {
    pid_t late = child([] {
        end_this_process_at(monotonic_ns() + 20'000'000);
        for (;;) ::pause();
    });
    EXPECT_EQ(wait_for(late)->text(), "signal 14 (Alarm clock)");
    pid_t in_time = child([] {
        end_this_process_at(monotonic_ns() + 20'000'000);
        end_this_process_at(0);
        uint64_t end = monotonic_ns() + 60'000'000;
        while (monotonic_ns() < end) ::usleep(1000);
    });
    EXPECT_EQ(wait_for(in_time)->text(), "exit code 0");
}

TEST(Process, WhatAProcessHasUsedOfTheProcessorIsKnownToOthersAsLongAsItIsThere) {
    pid_t spins = child([] {
        uint64_t end = processor_ns() + 50'000'000;
        while (processor_ns() < end) {}
        ::pause();
    });
    uint64_t end = monotonic_ns() + 10'000'000'000, used = 0;
    while (used < 50'000'000 && monotonic_ns() < end) ::usleep(1000), used = processor_ns_of(spins);
    EXPECT_GE(used, 50'000'000u);
    EXPECT_LT(used, 80'000'000u);
    send_signal(spins, SIGKILL);
    ASSERT_TRUE(wait_for(spins).ok());
    EXPECT_EQ(processor_ns_of(spins), 0u);
}

TEST(Process, OffersItselfToTheOomKillerAndKnowsItsId) {
    EXPECT_EQ(process_id(), ::getpid());
    pid_t offering = child([] {
        offer_to_oom_killer(321);
        int score = 0;
        std::ifstream("/proc/self/oom_score_adj") >> score;
        ::_exit(score == 321 ? 0 : 1);
    });
    EXPECT_EQ(wait_for(offering)->text(), "exit code 0");
}

TEST(Process, RandomBytesFillAllOfTheRoom) {
    std::string room(1'000'002, '\0');
    fill_random(room.data() + 1, room.size() - 2);
    EXPECT_EQ(room.front(), '\0');
    EXPECT_EQ(room.back(), '\0');
    for (size_t i = 1; i + 1001 < room.size(); i += 1000)
        ASSERT_GT(std::set<char>(room.begin() + static_cast<ptrdiff_t>(i), room.begin() + static_cast<ptrdiff_t>(i + 1000)).size(), 100u);
    fill_random(room.data(), 0);
}

}  // namespace
}  // namespace inlay::os
