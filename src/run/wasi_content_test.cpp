// WASI: reads and writes of a guest, with what they cost.
#include <gtest/gtest.h>

#include "run/trial.hpp"
#include "run/wasi.hpp"
#include "run/wasi_trial.hpp"

namespace inlay::run::wasi {
namespace {

constexpr uint32_t kBeyond = 65536, kOut = 16, kPath = 1024, kList = 64, kBuffer = 4096, kFile = 5;
constexpr int64_t kAll = (1 << 28) - 1;
const std::string kNames = text_at(kPath, "onefresh");

std::string iovec(uint32_t address, uint32_t length, uint32_t at = kList) {
    auto store = [](uint32_t to, uint32_t value) { return "(i32.store (i32.const " + std::to_string(to) + ") (i32.const " + std::to_string(value) + "))"; };
    return store(at, address) + store(at + 4, length);
}
std::string open_one(int64_t rights = kAll, int how = 0) { return then("path_open", {kData, 0, kPath, 3, how, rights, 0, 0, kOut}); }

class WasiContent : public testing::Test {
  protected:
    void SetUp() override {
        trial.directories = kTrialDirectories;
        trial.add_object("data/one", "content");
    }
    int32_t code(const std::string& body) { return trial.code(body, kNames); }

    Trial trial;
};

TEST_F(WasiContent, EveryErrorHasItsCode) {
    struct Case {
        const char* claim;
        std::string body;
        int32_t code;
    };
    const std::string good = iovec(kBuffer, 4);
    const Case cases[] = {
        {"fd_read: not open", good + call("fd_read", {9, kList, 1, kOut}), kBadf},
        {"fd_read: a directory", good + call("fd_read", {kData, kList, 1, kOut}), kIsdir},
        {"fd_read: the log", good + call("fd_read", {2, kList, 1, kOut}), kNotcapable},
        {"fd_read: list beyond", call("fd_read", {0, kBeyond - 7, 1, kOut}), kFault},
        {"fd_read: piece beyond", iovec(kBeyond - 3, 4) + call("fd_read", {0, kList, 1, kOut}), kFault},
        {"fd_read: out beyond", good + call("fd_read", {0, kList, 1, kBeyond - 3}), kFault},
        {"fd_read: too many pieces", call("fd_read", {0, kList, kWasiIovecsMax + 1, kOut}), kInval},
        {"fd_read: pieces whose bytes wrap", call("fd_read", {0, kList, 0x20000001, kOut}), kInval},
        {"fd_pread: negative", good + call("fd_pread", {0, kList, 1, -1, kOut}), kInval},
        {"fd_write: the body", good + call("fd_write", {0, kList, 1, kOut}), kNotcapable},
        {"fd_pwrite: negative", open_one() + good + call("fd_pwrite", {kFile, kList, 1, -1, kOut}), kInval},
        {"fd_pwrite: the log", good + call("fd_pwrite", {2, kList, 1, 0, kOut}), kNotcapable},
        {"fd_seek: from nowhere", call("fd_seek", {0, 0, 3, kOut}), kInval},
        {"fd_seek: before the beginning", call("fd_seek", {0, -1, kSeekSet, kOut}), kInval},
        {"fd_seek: overflow", open_one() + call("fd_seek", {kFile, INT64_MAX, kSeekEnd, kOut}), kInval},
        {"fd_seek: the log", call("fd_seek", {2, 0, kSeekSet, kOut}), kSpipe},
        {"fd_seek: a directory", call("fd_seek", {kData, 0, kSeekSet, kOut}), kIsdir},
        {"fd_tell: out beyond", call("fd_tell", {0, kBeyond - 7}), kFault},
        {"fd_allocate: nothing", open_one() + call("fd_allocate", {kFile, 0, 0}), kInval},
        {"fd_allocate: overflow", open_one() + call("fd_allocate", {kFile, INT64_MAX, 1}), kInval},
        {"fd_allocate: the right is enough", open_one(1 << 8) + call("fd_allocate", {kFile, 0, 100}), kSuccess},
        {"fd_filestat_set_size: too large", open_one() + call("fd_filestat_set_size", {kFile, INT64_MAX}), kDquot},
        {"fd_filestat_set_size: negative", open_one() + call("fd_filestat_set_size", {kFile, -1}), kFbig},
        {"fd_filestat_set_size: the body", call("fd_filestat_set_size", {0, 1}), kNotcapable},
    };
    for (const auto& [claim, body, expected] : cases) EXPECT_EQ(code(body), expected) << claim;
}

TEST_F(WasiContent, AReadIsOneCopyThatIsCounted) {
    auto outcome = trial.run(open_one() + iovec(kBuffer, 100) + call("fd_read", {kFile, kList, 1, kOut}), kNames);
    EXPECT_EQ(outcome.cost.copied.wasi, 7u);
    EXPECT_EQ(outcome.cost.copied.total(), 7u);
    EXPECT_EQ(code(open_one() + iovec(kBuffer, 100) + then("fd_read", {kFile, kList, 1, kOut}) + word_at(kOut)), 7);
    EXPECT_EQ(code(open_one() + iovec(kBuffer, 100) + then("fd_pread", {kFile, kList, 1, 7, kOut}) + word_at(kOut)), 0) << "at the end";
}

TEST_F(WasiContent, WhatIsWrittenIsStagedWhenItIsClosed) {
    const std::string write = open_one() + iovec(kPath, 3) + then("fd_write", {kFile, kList, 1, kOut});
    auto outcome = trial.run(write + call("fd_close", {kFile}), kNames);
    auto& completed = std::get<Completed>(outcome.how);
    ASSERT_EQ(completed.effects.size(), 1u);
    EXPECT_EQ(completed.effects[0].effect.inline_bytes, "onetent");
    EXPECT_EQ(outcome.cost.copied.wasi, 7u + 3) << "what was there, and what is new";
    outcome = trial.run(write + "(i32.const 0)", kNames);
    EXPECT_EQ(std::get<Completed>(outcome.how).effects.size(), 1u) << "at the latest at the end";
    outcome = trial.run(write + "(i32.const 1)", kNames);
    EXPECT_TRUE(std::holds_alternative<Failed>(outcome.how)) << "which is nobody's effect";
}

TEST_F(WasiContent, OneDescriptorReadsWhatAnotherHasWritten) {
    const std::string write = open_one() + open_one() + iovec(kPath, 3) + then("fd_write", {kFile, kList, 1, kOut});
    EXPECT_EQ(code(write + iovec(kBuffer, 4) + then("fd_read", {kFile + 1, kList, 1, kOut}) + word_at(kBuffer)), 0x74656e6f) << "\"onet\"";
}

TEST_F(WasiContent, APieceThatIsNotInMemoryIsWaitedFor) {
    trial.all_in_memory = false;
    trial.terms.place = Place::express;
    auto outcome = trial.run(open_one() + iovec(kBuffer, 100) + call("fd_read", {kFile, kList, 1, kOut}), kNames);
    ASSERT_TRUE(std::holds_alternative<Unfinished>(outcome.how));
    EXPECT_TRUE(std::get<Unfinished>(outcome.how).cold.has_value());
}

TEST_F(WasiContent, ACommandAnswersWithWhatItWrites) {
    std::string body = iovec(kPath, 6);
    for (int descriptor : {1, 2, 1}) body += then("fd_write", {descriptor, kList, 1, kOut});
    const std::string before = all_imports() + "(memory (export \"memory\") 1)" + text_at(kPath, "answer");
    auto outcome = trial.run_module("(module " + before + "(func (export \"_start\") " + body + "))");
    ASSERT_TRUE(std::holds_alternative<Completed>(outcome.how));
    EXPECT_EQ(content_of(std::get<Completed>(outcome.how).response), "answeranswer");
    ASSERT_EQ(outcome.log.lines.size(), 1u);
    EXPECT_EQ(outcome.log.lines[0].text, "answer");
}

}  // namespace
}  // namespace inlay::run::wasi
