// The compiler's children: a few at a time, and each end becomes an answer.
//
// spawn_self() starts this test program as "compile ...": a stand-in for `inlay compile` catches that before any test runs.
#include "control/compiler.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>
#include <vector>

#include "base/limits.hpp"
#include "engine/engine.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"
#include "os/sandbox.hpp"

namespace inlay::control {
namespace {

constexpr size_t kWaitingMax = 256;

// By position: who runs at the same time has the same descriptor.
std::string bytes_of(int file) {
    std::string bytes(os::status(file).value().size, '\0');
    return os::read_exactly_at(file, bytes.data(), bytes.size(), 0).ok() ? bytes : "unreadable";
}

// Does what the module's first word says.
[[noreturn]] void stand_in(int module, int output, const std::string& arguments, int kept, int keep) {
    std::string word = os::read_from_start(module, 1000).value();
    if (word.starts_with("compile")) ::_exit(os::write_all(output, "code for " + arguments).ok() ? 0 : 1);
    if (word.starts_with("keep")) {
        std::string before = keep == 0 ? "nothing" : bytes_of(kept);
        if (keep != 0) (void)os::write_all(keep, before + word.back());
        if (word.starts_with("keep much")) (void)::ftruncate(keep, kKeptCodeBytesMax + 1);
        ::_exit(os::write_all(output, "had " + before).ok() ? word.starts_with("keep and fail") : 1);
    }
    if (word.starts_with("refuse")) ::_exit(os::write_all(output, "the module is odd").ok() ? 3 : 1);
    if (word.starts_with("silent")) ::_exit(3);
    if (word.starts_with("crash")) ::raise(SIGKILL);
    if (word.starts_with("limits")) {
        rlimit own{};
        ::getrlimit(RLIMIT_DATA, &own);
        ::_exit(os::write_all(output, std::to_string(own.rlim_cur / MiB)).ok() ? 0 : 1);
    }
    ::_exit(9);
}

const bool not_a_child = [] {
    std::ifstream file("/proc/self/cmdline");
    std::vector<std::string> arguments;
    for (std::string argument; std::getline(file, argument, '\0');) arguments.push_back(argument);
    if (arguments.size() == 10 && arguments[1] == "compile")
        stand_in(std::stoi(arguments[2]), std::stoi(arguments[3]), arguments[4] + " " + arguments[5] + " " + arguments[6], std::stoi(arguments[7]), std::stoi(arguments[8]));
    return true;
}();

class CompilerTest : public testing::Test {
  protected:
    // Compiles a module of these bytes; its end goes to `ends_`.
    void submit(const std::string& module) {
        CompileJob job;
        job.name = "f";
        job.module = os::create_memfd_of("compiler-test", module).value();
        job.module_bytes = module.size();
        job.memory_bytes = 4096;
        job.checks = checks_;
        job.kept = kept_;
        job.done = [this](Result<os::Fd> result) {
            EXPECT_TRUE(!result.ok() || os::is_sealed(result->get())) << "others get it, and could change it for each other";
            ends_.push_back(result.ok() ? os::read_from_start(result->get(), 1000).value()
                                        : std::string(traits(result.error().code).name) + ": " + result.error().detail);
        };
        compiler_.submit(std::move(job));
    }
    // Hands the ends of children on until so many jobs are done.
    void wait_for(size_t jobs) {
        auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (ends_.size() < jobs && std::chrono::steady_clock::now() < deadline) {
            auto exit = os::reap_child();
            if (exit)
                EXPECT_TRUE(compiler_.on_exit(*exit));
            else
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        ASSERT_EQ(ends_.size(), jobs);
    }
    std::string end_of(const std::string& module) {
        submit(module);
        wait_for(1);
        return ends_.at(0);
    }

    Compiler compiler_{1 * GiB, os::sandbox_word(std::nullopt)};
    engine::Checks checks_ = engine::Checks::epoch;
    std::shared_ptr<os::Fd> kept_;
    std::vector<std::string> ends_;
};

TEST_F(CompilerTest, ACompiledModuleIsItsChildsOutput) {
    ASSERT_TRUE(not_a_child);
    EXPECT_EQ(end_of("compile"), "code for 7 4096 0") << "the child gets the module's size, the memory's, and the checks";
}

TEST_F(CompilerTest, ItsChildIsToldToLeaveOutTheChecks) {
    checks_ = engine::Checks::none;
    EXPECT_EQ(end_of("compile"), "code for 7 4096 1");
}

TEST_F(CompilerTest, WhatAChildKeepsIsForTheNextOneIfItSucceeds) {
    EXPECT_EQ(end_of("keep a"), "had nothing");
    kept_ = std::make_shared<os::Fd>();
    const std::pair<const char*, const char*> jobs[] = {{"keep a", "had "}, {"keep b", "had a"}, {"keep and fail c", "bad-module"}, {"keep d", "had ab"}, {"compile", "code"}, {"keep e", "had "}};
    for (auto [module, told] : jobs) {
        ends_.clear();
        EXPECT_TRUE(end_of(module).starts_with(told)) << module << ": " << ends_.at(0);
    }
    ends_.clear();
    for (const char* module : {"keep f", "keep g"}) submit(module);  // Both at once.
    wait_for(2);
    EXPECT_EQ(ends_[0] + ends_[1], "had ehad e");
}

TEST_F(CompilerTest, WhatAChildKeepsIsBoundedAndNobodysToChange) {
    kept_ = std::make_shared<os::Fd>();
    EXPECT_EQ(end_of("keep a"), "had ");
    EXPECT_TRUE(os::is_sealed(kept_->get()));
    ends_.clear();
    EXPECT_EQ(end_of("keep much b"), "had a");
    EXPECT_FALSE(*kept_) << "more than kKeptCodeBytesMax";
}

TEST_F(CompilerTest, ARefusalIsToldWithItsReason) { EXPECT_EQ(end_of("refuse"), "bad-module: function \"f\": the module is odd"); }

TEST_F(CompilerTest, AllChildrenTogetherHaveAPartOfTheMemory) {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "a sanitizer's shadow memory has no room in such limits: none are set";
#endif
    EXPECT_EQ(end_of("limits"), "256") << "of 1 GiB two have a half";
    ends_.clear();
    compiler_ = Compiler(256 * MiB, os::sandbox_word(std::nullopt));
    EXPECT_EQ(end_of("limits"), "128") << "of little memory it is one at a time";
    ends_.clear();
    compiler_ = Compiler(1 * MiB, os::sandbox_word(std::nullopt));
    EXPECT_EQ(end_of("limits"), std::to_string(kCompileMemoryBytesMin / MiB)) << "with less than this nothing would be compiled";
}

TEST_F(CompilerTest, AChildThatDiesIsToldAsWhatTheModuleAsked) {
    EXPECT_EQ(end_of("crash"),
              "bad-module: function \"f\": the compiler ended with signal 9 (Killed): the module asks too much of it (120 s, 256 MiB)");
}

TEST_F(CompilerTest, AChildThatFailsWithoutAReasonIsToldToo) {
    EXPECT_EQ(end_of("exit"),
              "bad-module: function \"f\": the compiler ended with exit code 9: the module asks too much of it (120 s, 256 MiB)");
}

TEST_F(CompilerTest, ARefusalWithoutAReasonIsToldToo) { EXPECT_NE(end_of("silent").find("exit code 3"), std::string::npos); }

TEST_F(CompilerTest, AnotherChildIsNotOurs) {
    EXPECT_FALSE(compiler_.on_exit({1, 0, false}));
    submit("compile");
    EXPECT_FALSE(compiler_.on_exit({1, 0, false}));
    wait_for(1);
}

TEST_F(CompilerTest, JobsWaitForTheirTurnAndAllHaveIt) {
    for (int i = 0; i < 12; i++) submit(i % 2 ? "compile" : "refuse");
    EXPECT_TRUE(ends_.empty());
    wait_for(12);
    EXPECT_EQ(std::count(ends_.begin(), ends_.end(), "code for 7 4096 0"), 6);
}

TEST_F(CompilerTest, MoreThanMayWaitAreRefusedAtOnce) {
    for (size_t i = 0; i < kWaitingMax + kCompilesAtOnceMax; i++) submit("compile");
    EXPECT_TRUE(ends_.empty());
    submit("compile");
    ASSERT_EQ(ends_.size(), 1u);
    EXPECT_EQ(ends_[0], "overloaded: too many deploys are waiting for the compiler: retry later");
    wait_for(kWaitingMax + kCompilesAtOnceMax + 1);
}

TEST(CompiledName, NamesVersionAndEverythingElseTheCodeDependsOn) {
    EXPECT_EQ(compiled_name("v", engine::Checks::epoch), "v-" + engine::Engine::compiled_key() + ".cwasm");
    EXPECT_NE(compiled_name("v", engine::Checks::none), compiled_name("v", engine::Checks::epoch));
}

}  // namespace
}  // namespace inlay::control
