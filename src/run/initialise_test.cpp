// Initialising at deploy: what runs, what may be called, what is refused in which words.
#include "run/initialise.hpp"

#include <gtest/gtest.h>

#include "run/trial.hpp"

namespace inlay::run {
namespace {

class InitialiseTest : public testing::Test {
  protected:
    static Result<std::string> initialised(const std::string& module, uint64_t memory_bytes = kMemoryBytesDefault) {
        workshop();  // The worker's engine has to be the first of a process.
        static auto engine = engine::Engine::create_for_start(host_functions()).value();
        return initialise(*engine, engine::bytes_of(module), memory_bytes);
    }
    static std::string refusal(const std::string& module, uint64_t memory_bytes = kMemoryBytesDefault) {
        auto made = initialised(module, memory_bytes);
        return made.ok() ? "" : made.error().detail;
    }
    static std::string with_start(const std::string& start) {
        return engine::guest("(i32.load (i32.const 64))", all_imports() + "(func (export \"_initialize\") " + start + ")");
    }
};

TEST_F(InitialiseTest, WhatItWroteIsThereInEachInvocation) {
    auto made = initialised(with_start("(i32.store (i32.const 64) (i32.const 7))"));
    ASSERT_TRUE(made.ok()) << made.error().detail;
    Trial trial;
    for (int i = 0; i < 2; i++) EXPECT_EQ(std::get<Failed>(trial.run_module(*made).how).code, 7);
}

TEST_F(InitialiseTest, MayAskForClocksRandomnessAndNothingOfARequest) {
    EXPECT_EQ(refusal(with_start("(drop (call $clock (i32.const 1) (i32.const 64))) (drop (call $random_get (i32.const 64) (i32.const 8)))"
                                 "(drop (call $clock_time_get (i32.const 1) (i64.const 0) (i32.const 64)))")),
              "");
    EXPECT_NE(refusal(with_start("(drop (call $body (i32.const 64)))")).find("body of \"inlay\" cannot be called while"), std::string::npos);
    EXPECT_NE(refusal(with_start("(drop (call $path_open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0) "
                                 "(i64.const 0) (i32.const 0) (i32.const 64)))"))
                  .find("path_open of \"wasi_snapshot_preview1\" cannot be called"),
              std::string::npos);
}

TEST_F(InitialiseTest, ATrapIsToldWithWhatWasLogged) {
    auto told = refusal(engine::guest("(i32.const 0)", all_imports() + "(data (i32.const 64) \"why\")"
                                                                       "(func (export \"inlay_warm\") (drop (call $log (i32.const 1) (i32.const 64) (i32.const 3))) unreachable)"));
    EXPECT_NE(told.find("inlay_warm trapped: why; "), std::string::npos) << told;
    EXPECT_NE(told.find("deploy it without --warm"), std::string::npos);
}

TEST_F(InitialiseTest, ATrapForWantOfMemoryNamesTheLimit) {
    const std::string module = engine::guest("(i32.const 0)", "(func (export \"inlay_warm\") (loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable)");
    EXPECT_NE(refusal(module, 8 * MiB).find("inlay_warm trapped, after it had met a limit: memory_bytes = 8388608 (--limit memory_bytes=N gives more): "), std::string::npos)
        << refusal(module, 8 * MiB);
}

TEST_F(InitialiseTest, RefusesCommandsAndWhatIsNoModule) {
    EXPECT_NE(refusal("(module (memory (export \"memory\") 1) (func (export \"_start\")))").find("a WASI command"), std::string::npos);
    EXPECT_NE(refusal("no module"), "");
    EXPECT_NE(refusal("(module (memory (export \"memory\") 1))").find("no entry point"), std::string::npos);
}

}  // namespace
}  // namespace inlay::run
