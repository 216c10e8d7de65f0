// Descriptors: their numbers, what they stand for, and what becomes of them at the end.
#include "run/wasi_state.hpp"

#include <gtest/gtest.h>

#include "run/wasi_trial.hpp"

namespace inlay::run::wasi {
namespace {

class WasiState : public testing::Test, public WasiTrial {};

TEST(WasiDirectories, AreReadAsTheCatalogKeepsThem) {
    auto found = parse_directories(std::string_view("/a=one\0/b=c=two:w\0no equals\0=empty\0", 35));
    ASSERT_EQ(found.size(), 3u);
    EXPECT_EQ(found[0].first, "/a");
    EXPECT_EQ(found[0].second.bucket, "one");
    EXPECT_FALSE(found[0].second.writable);
    EXPECT_EQ(found[1].first, "/b=c") << "the last = is the one that is meant: a bucket's name has none";
    EXPECT_EQ(found[1].second.bucket, "two");
    EXPECT_TRUE(found[1].second.writable);
    EXPECT_TRUE(parse_directories("").empty());
}

TEST_F(WasiState, BeginsWithTheStreamsAndTheDirectoriesOfTheDeploy) {
    ASSERT_EQ(state().size(), 5u);
    EXPECT_EQ(state().find(0)->kind, File::Kind::input);
    EXPECT_EQ(state().find(1)->kind, File::Kind::log) << "it is no command";
    EXPECT_EQ(state().find(2)->kind, File::Kind::log);
    EXPECT_EQ(state().find(kData)->guest_name, "/data");
    EXPECT_TRUE(state().find(kData)->may(rights::kPathCreateFile | rights::kPathOpen));
    EXPECT_TRUE(state().find(kFixed)->may(rights::kPathOpen));
    EXPECT_FALSE(state().find(kFixed)->may(rights::kPathCreateFile));
    EXPECT_EQ(state().find(5), nullptr);
    EXPECT_EQ(state().find(UINT32_MAX), nullptr);
}

TEST_F(WasiState, GivesTheLowestFreeNumber) {
    const uint32_t first = open("a"), second = open("b");
    EXPECT_EQ(first, 5u);
    EXPECT_EQ(second, 6u);
    state().remove(first);
    EXPECT_EQ(state().find(first), nullptr);
    EXPECT_EQ(open("c"), first);
    state().move(second, 0);
    EXPECT_EQ(state().find(0)->location.path, "b");
    EXPECT_EQ(state().find(second), nullptr);
}

TEST_F(WasiState, HoldsSoManyAndNoMore) {
    while (state().size() < kWasiFilesMax) open("a");
    EXPECT_FALSE(state().has_room());
    EXPECT_EQ(state().add(File{}), std::nullopt);
    state().remove(7);
    EXPECT_TRUE(state().has_room());
    EXPECT_EQ(state().add(File{}), 7u);
}

TEST_F(WasiState, FindsAllThatIsOpenOfAnObject) {
    open("a");
    const uint32_t unlinked = open("a");
    open("b");
    state().find(unlinked)->is_unlinked = true;
    EXPECT_EQ(state().find_all({"data", "a"}).size(), 1u);
    EXPECT_TRUE(state().find_all({"fixed", "a"}).empty());
}

TEST_F(WasiState, AFileIsStagedWithItsLastDescriptor) {
    auto written = spool("text");
    const uint32_t first = open("a", written), second = open("a", written);
    written.reset();
    EXPECT_EQ(close(first), kSuccess);
    EXPECT_EQ(staged("a"), "(nothing)");
    EXPECT_EQ(close(second), kSuccess);
    EXPECT_EQ(staged("a"), "text");
}

TEST_F(WasiState, AFileThatWasOnlyReadOrIsUnlinkedStagesNothing) {
    close(open("read"));
    const uint32_t unlinked = open("unlinked", spool("text"));
    state().find(unlinked)->is_unlinked = true;
    EXPECT_EQ(close(unlinked), kSuccess);
    EXPECT_TRUE(invocation.effects.empty());
}

TEST_F(WasiState, TheEndClosesWhatIsOpen) {
    open("a", spool("text"));
    ASSERT_TRUE(finish(invocation, 0).ok());
    EXPECT_EQ(staged("a"), "text");
}

TEST_F(WasiState, AnEndInFailureStagesNothing) {
    open("a", spool("text"));
    ASSERT_TRUE(finish(invocation, 1).ok());
    EXPECT_TRUE(invocation.effects.empty());
}

TEST_F(WasiState, MoreFilesThanMayBePublishedAreAnErrorThatNamesTheFileAndTheLimit) {
    function.record.limits.publishes = 1;
    open("a", spool("text"));
    open("b", spool("text"));
    auto finished = finish(invocation, 0);
    ASSERT_FALSE(finished.ok());
    EXPECT_NE(finished.error().detail.find("data/b"), std::string::npos) << finished.error().detail;
    EXPECT_NE(finished.error().detail.find("publishes = 1"), std::string::npos) << finished.error().detail;
}

TEST_F(WasiState, WhatIsWrittenToTheResponseIsItsContent) {
    state().response.push_back(Piece{});
    state().response.back().bytes = "first ";
    ASSERT_EQ(state().response_end.write(invocation, 0, "last"), kSuccess);
    ASSERT_TRUE(finish(invocation, 0).ok());
    EXPECT_EQ(content_of(invocation.response), "first last");
}

TEST_F(WasiState, ALogIsKeptLineByLine) {
    log_text(invocation, *state().find(2), "first\nsec");
    EXPECT_EQ(invocation.log_lines, 1u);
    log_text(invocation, *state().find(2), "ond\n\n" + std::string(kLogLineBytesMax + 10, 'x') + "\nrest");
    EXPECT_EQ(invocation.log_lines, 4u);
    ASSERT_TRUE(finish(invocation, 1).ok());
    EXPECT_EQ(invocation.log_lines, 5u) << "a line that has not ended is one, too, and so is what a program that fails has written";
    ASSERT_EQ(invocation.log.lines.size(), 5u);
    EXPECT_NE(invocation.log.lines[1].text.find("second"), std::string::npos);
    EXPECT_LE(invocation.log.lines[3].text.size(), kLogLineBytesMax);
}

TEST_F(WasiState, ALogThatIsTooLongMeetsALimit) {
    for (size_t i = 0; i < kLogLinesPerInvocationMax + 1; i++) log_text(invocation, *state().find(2), "x\n");
    EXPECT_NE(invocation.limit_met().find("kLogLinesPerInvocationMax"), std::string::npos) << invocation.limit_met();
}

}  // namespace
}  // namespace inlay::run::wasi
