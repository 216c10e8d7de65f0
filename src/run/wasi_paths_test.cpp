// WASI: what a guest does with names, and which names it may not.
#include <gtest/gtest.h>

#include "run/trial.hpp"
#include "run/wasi.hpp"
#include "run/wasi_trial.hpp"

namespace inlay::run::wasi {
namespace {

constexpr uint32_t kBeyond = 65536, kOut = 16, kPath = 1024, kFile = 5;
constexpr int64_t kAll = (1 << 28) - 1, kRead = 1 << 1, kWrite = 1 << 6;

class WasiPaths : public testing::Test {
  protected:
    void SetUp() override {
        trial.directories = kTrialDirectories;
        for (const char* bucket : {"data", "fixed"}) {
            trial.add_object(std::string(bucket) + "/one", "content");
            trial.add_object(std::string(bucket) + "/sub/two", "two");
        }
    }
    // A path in the guest's memory: its address and its length.
    std::pair<uint32_t, uint32_t> at(const std::string& text) {
        const auto address = static_cast<uint32_t>(kPath + texts_.size());
        texts_ += text;
        return {address, static_cast<uint32_t>(text.size())};
    }
    std::string open(const std::string& path, int how = 0, int64_t rights = kAll, uint32_t fd = kData) {
        auto [address, length] = at(path);
        return call("path_open", {fd, 0, address, length, how, rights, rights, 0, kOut});
    }
    std::string one(std::string_view function, const std::string& path, uint32_t fd = kData) {
        auto [address, length] = at(path);
        if (function == "path_filestat_get") return call(function, {fd, 0, address, length, kOut});
        return call(function, {fd, address, length});
    }
    std::string two(std::string_view function, const std::string& from, const std::string& to, uint32_t from_fd = kData, uint32_t to_fd = kData) {
        auto [address, length] = at(from);
        auto [other, other_length] = at(to);
        if (function == "path_link") return call(function, {from_fd, 0, address, length, to_fd, other, other_length});
        return call(function, {from_fd, address, length, to_fd, other, other_length});
    }
    std::string drop(const std::string& call) { return "(drop " + call + ")"; }
    int32_t code(const std::string& body) { return trial.code(body, text_at(kPath, texts_)); }
    // What is staged by the end: "KEY=content" or "-KEY", each with a blank.
    std::string staged(const std::string& body) {
        auto outcome = trial.run(body + "(i32.const 0)", text_at(kPath, texts_));
        std::string told;
        if (auto* completed = std::get_if<Completed>(&outcome.how))
            for (const auto& [effect, pages, like] : completed->effects) told += effect.is_delete ? "-" + effect.name.key + " " : effect.name.key + "=" + effect.inline_bytes + " ";
        return told;
    }

    Trial trial;

  private:
    std::string texts_;
};

TEST_F(WasiPaths, OpeningHasItsCode) {
    EXPECT_EQ(code(open("one")), kSuccess);
    EXPECT_EQ(code(open("sub/../one")), kSuccess);
    EXPECT_EQ(code(open("../fixed/one")), kNotcapable);
    EXPECT_EQ(code(open("absent")), kNoent);
    EXPECT_EQ(code(open("one", kOpenCreate | kOpenExclusive)), kExist);
    EXPECT_EQ(code(open("one", kOpenDirectory, kRead)), kNotdir);
    EXPECT_EQ(code(open("one/", 0, kRead)), kNotdir);
    EXPECT_EQ(code(open("sub", kOpenDirectory, kRead)), kSuccess);
    EXPECT_EQ(code(open("sub", 0, kWrite)), kIsdir);
    EXPECT_EQ(code(open("fresh/", kOpenCreate)), kIsdir);
    EXPECT_EQ(code(open("one", 0, kWrite, kFixed)), kRofs);
    EXPECT_EQ(code(open("one", kOpenTruncate, 0, kFixed)), kRofs);
    EXPECT_EQ(code(open("fresh", kOpenCreate, kRead, kFixed)), kRofs);
    EXPECT_EQ(code(open("one", 16)), kInval);
    EXPECT_EQ(code(open("one", 0, kAll, 0)), kNotdir);
    EXPECT_EQ(code(open("one", 0, kAll, 99)), kBadf);
    EXPECT_EQ(code(call("path_open", {kData, 0, kBeyond - 1, 2, 0, kAll, 0, 0, kOut})), kFault);
    EXPECT_EQ(code(call("path_open", {kData, 0, 16, -1, 0, kAll, 0, 0, kOut})), kFault);
}

TEST_F(WasiPaths, AFileIsThereWhenItIsMade) {
    EXPECT_EQ(staged(drop(open("fresh", kOpenCreate))), "fresh= ");
    EXPECT_EQ(code(drop(open("fresh", kOpenCreate)) + open("fresh", 0, kRead)), kSuccess);
    EXPECT_EQ(staged(drop(open("one", kOpenTruncate))), "one= ");
}

TEST_F(WasiPaths, CuttingNeedsTheRightOfTheDirectory) {
    const uint64_t without = (rights::kReadDirectory | rights::kWriteDirectory) & ~rights::kPathFilestatSetSize;
    const std::string take_away = then("fd_fdstat_set_rights", {kData, without, rights::kReadFile | rights::kWriteFile});
    EXPECT_EQ(code(take_away + open("one", kOpenTruncate)), kNotcapable);
    EXPECT_EQ(code(take_away + open("one")), kSuccess);
}

TEST_F(WasiPaths, RightsAreNoMoreThanTheDirectoryHandsOn) {
    const std::string open_sub = drop(open("sub", kOpenDirectory, static_cast<int64_t>(rights::kPathOpen) | kRead));
    EXPECT_EQ(code(open_sub + open("two", 0, kAll, kFile)), kSuccess);
    EXPECT_EQ(code(open_sub + drop(open("two", 0, kRead | kWrite, kFile)) + call("fd_write", {kFile + 1, 0, 0, kOut})), kNotcapable);
}

TEST_F(WasiPaths, FilesAreUnlinkedAndRenamed) {
    EXPECT_EQ(staged(drop(one("path_unlink_file", "one"))), "-one ");
    EXPECT_EQ(code(one("path_unlink_file", "sub")), kIsdir);
    EXPECT_EQ(code(one("path_unlink_file", "one", kFixed)), kRofs);
    EXPECT_EQ(staged(drop(two("path_rename", "one", "two"))), "two=content -one ");
    EXPECT_EQ(code(two("path_rename", "sub", "x")), kNotsup);
    EXPECT_EQ(code(two("path_rename", "one", "sub")), kIsdir);
    EXPECT_EQ(code(two("path_rename", "one", "x", kData, kFixed)), kRofs);
    EXPECT_EQ(code(two("path_rename", "absent", "x")), kNoent);
    EXPECT_EQ(staged(drop(open("part", kOpenCreate)) + drop(two("path_rename", "part", "whole"))), "whole= ") << "what is open goes with its name";
}

TEST_F(WasiPaths, ALinkIsASecondName) {
    EXPECT_EQ(staged(drop(two("path_link", "one", "copy"))), "copy=content ");
    EXPECT_EQ(staged(drop(two("path_link", "one", "copy", kFixed, kData))), "copy=content ");
    EXPECT_EQ(code(two("path_link", "one", "sub/two")), kExist);
    EXPECT_EQ(code(two("path_link", "one", "sub")), kExist);
    EXPECT_EQ(code(one("path_create_directory", "one")), kExist);
}

TEST_F(WasiPaths, DirectoriesAreMadeAndRemovedForThisProgram) {
    EXPECT_EQ(code(drop(one("path_create_directory", "made")) + one("path_create_directory", "made/")), kExist);
    EXPECT_EQ(staged(drop(one("path_create_directory", "made"))), "") << "a bucket holds objects only";
    EXPECT_EQ(code(drop(one("path_create_directory", "made")) + open("made", kOpenCreate)), kIsdir);
    EXPECT_EQ(code(drop(one("path_create_directory", "made")) + one("path_remove_directory", "made")), kSuccess);
    EXPECT_EQ(code(one("path_remove_directory", "sub")), kNotempty);
    EXPECT_EQ(code(one("path_remove_directory", ".")), kBusy);
    EXPECT_EQ(code(one("path_create_directory", "x", kFixed)), kRofs);
}

TEST_F(WasiPaths, LookingTellsFilesFromDirectories) {
    auto type = "(i32.load8_u (i32.const 32))";
    EXPECT_EQ(code(drop(one("path_filestat_get", "one")) + type), 4);
    EXPECT_EQ(code(drop(one("path_filestat_get", "sub")) + type), 3);
    EXPECT_EQ(code(drop(one("path_filestat_get", "one")) + word_at(kOut + 32)), 7);
    EXPECT_EQ(code(one("path_filestat_get", "su")), kNoent);
}

TEST_F(WasiPaths, ThereAreNoSymbolicLinksAndNoTimes) {
    auto [address, length] = at("one");
    EXPECT_EQ(code(call("path_readlink", {kData, address, length, kOut, 8, kOut})), kInval);
    EXPECT_EQ(code(call("path_symlink", {address, length, kData, address, length})), kNotsup);
    EXPECT_EQ(code(call("path_filestat_set_times", {kData, 0, address, length, 0, 0, 1})), kNotsup);
    EXPECT_EQ(code(call("path_filestat_set_times", {kData, 0, address, length, 0, 0, 12})), kInval);
}

}  // namespace
}  // namespace inlay::run::wasi
