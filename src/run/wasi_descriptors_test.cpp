// WASI: what a guest is told of its descriptors, and directories that it reads.
#include <gtest/gtest.h>

#include "run/trial.hpp"
#include "run/wasi.hpp"
#include "run/wasi_trial.hpp"

namespace inlay::run::wasi {
namespace {

constexpr uint32_t kBeyond = 65536, kOut = 16, kPath = 1024, kBuffer = 4096, kFile = 5;
constexpr int64_t kAll = (1 << 28) - 1;
const std::string kNames = text_at(kPath, "one");

std::string open_one(int64_t rights = kAll) { return then("path_open", {kData, 0, kPath, 3, 0, rights, 0, 0, kOut}); }

class WasiDescriptors : public testing::Test {
  protected:
    void SetUp() override {
        trial.directories = kTrialDirectories;
        trial.add_object("data/one", "content");
    }
    int32_t code(const std::string& body) { return trial.code(body, kNames); }

    Trial trial;
};

TEST_F(WasiDescriptors, EveryErrorHasItsCode) {
    struct Case {
        const char* claim;
        std::string body;
        int32_t code;
    };
    const Case cases[] = {
        {"fd_advise: no such advice", open_one() + call("fd_advise", {kFile, 0, 0, 6}), kInval},
        {"fd_advise: negative", open_one() + call("fd_advise", {kFile, -1, 0, 0}), kInval},
        {"fd_advise: needed", open_one() + call("fd_advise", {kFile, 0, 0, 3}), kSuccess},
        {"fd_advise: without the right", open_one(2) + call("fd_advise", {kFile, 0, 0, 3}), kNotcapable},
        {"fd_close: not open", call("fd_close", {kFile}), kBadf},
        {"fd_close: twice", open_one() + then("fd_close", {kFile}) + call("fd_close", {kFile}), kBadf},
        {"fd_sync: without the right", open_one(2) + call("fd_sync", {kFile}), kNotcapable},
        {"fd_datasync", open_one() + call("fd_datasync", {kFile}), kSuccess},
        {"fd_fdstat_get: beyond", call("fd_fdstat_get", {0, kBeyond - 23}), kFault},
        {"fd_fdstat_set_flags: none such", open_one() + call("fd_fdstat_set_flags", {kFile, 32}), kInval},
        {"fd_fdstat_set_flags: a directory", call("fd_fdstat_set_flags", {kData, 0}), kNotcapable},
        {"fd_fdstat_set_rights: more", open_one(2) + call("fd_fdstat_set_rights", {kFile, 3, 0}), kNotcapable},
        {"fd_fdstat_set_rights: more to hand on", open_one() + call("fd_fdstat_set_rights", {kFile, 0, 1}), kNotcapable},
        {"fd_filestat_get: beyond", call("fd_filestat_get", {0, kBeyond - 63}), kFault},
        {"fd_filestat_set_times", open_one() + call("fd_filestat_set_times", {kFile, 0, 0, 1}), kNotsup},
        {"fd_filestat_set_times: twice", open_one() + call("fd_filestat_set_times", {kFile, 0, 0, 3}), kInval},
        {"fd_filestat_set_times: no such flag", open_one() + call("fd_filestat_set_times", {kFile, 0, 0, 16}), kInval},
        {"fd_prestat_get: no directory", call("fd_prestat_get", {0, kOut}), kBadf},
        {"fd_prestat_get: the first", call("fd_prestat_get", {kData, kOut}), kSuccess},
        {"fd_prestat_dir_name: too short", call("fd_prestat_dir_name", {kData, kBuffer, 4}), kNametoolong},
        {"fd_prestat_dir_name: beyond", call("fd_prestat_dir_name", {kData, kBeyond - 4, 5}), kFault},
        {"fd_readdir: a file", open_one() + call("fd_readdir", {kFile, kBuffer, 100, 0, kOut}), kNotdir},
        {"fd_readdir: beyond", call("fd_readdir", {kData, kBeyond - 99, 100, 0, kOut}), kFault},
        {"fd_renumber: from nothing", call("fd_renumber", {9, 0}), kBadf},
        {"fd_renumber: to nothing", call("fd_renumber", {0, 9}), kBadf},
        {"fd_renumber: to itself", call("fd_renumber", {kData, kData}), kSuccess},
    };
    for (const auto& [claim, body, expected] : cases) EXPECT_EQ(code(body), expected) << claim;
}

TEST_F(WasiDescriptors, ADirectorysNameIsWhatTheDeploySays) {
    EXPECT_EQ(code(then("fd_prestat_get", {kFixed, kOut}) + word_at(kOut + 4)), 6);
    EXPECT_EQ(code(then("fd_prestat_dir_name", {kFixed, kBuffer, 100}) + word_at(kBuffer)), 0x7869662f) << "\"/fix\"";
}

TEST_F(WasiDescriptors, ADirectoryIsReadInAnyNumberOfSteps) {
    // ".", ".." and "one": 25, 26 and 27 bytes.
    auto used = [&](int length, int cookie) { return code(then("fd_readdir", {kData, kBuffer, length, cookie, kOut}) + word_at(kOut)); };
    EXPECT_EQ(used(1000, 0), 25 + 26 + 27);
    EXPECT_EQ(used(1000, 1), 26 + 27);
    EXPECT_EQ(used(30, 0), 30) << "the last is cut";
    EXPECT_EQ(used(0, 0), 0);
    EXPECT_EQ(used(1000, 3), 0);
    EXPECT_EQ(used(1000, -1), 0) << "far behind the end";
    EXPECT_EQ(code(then("fd_readdir", {kData, kBuffer, 1000, 2, kOut}) + word_at(kBuffer + 16)), 3) << "the length of the name";
    EXPECT_EQ(code(then("fd_readdir", {kData, kBuffer, 1000, 2, kOut}) + "(i32.load8_u (i32.const " + std::to_string(kBuffer + 20) + "))"), 4) << "a file";
}

TEST_F(WasiDescriptors, ADotIsTheDirectoryItself) {
    EXPECT_EQ(code(then("fd_filestat_get", {kData, kOut}) + then("fd_readdir", {kData, kBuffer, 1000, 0, kOut + 64}) +
                   "(i64.ne (i64.load (i32.const 24)) (i64.load (i32.const " + std::to_string(kBuffer + 8) + ")))"),
              0);
}

TEST_F(WasiDescriptors, ARenumberedDescriptorIsClosedAndReplaced) {
    EXPECT_EQ(code(open_one() + then("fd_renumber", {kFile, 0}) + then("fd_filestat_get", {0, kOut}) + word_at(kOut + 32)), 7);
    EXPECT_EQ(code(open_one() + then("fd_renumber", {kFile, 0}) + call("fd_close", {kFile})), kBadf);
}

}  // namespace
}  // namespace inlay::run::wasi
