// Objects as files: what is staged is seen before what is stored, and directories are what stands before slashes.
#include "run/wasi_objects.hpp"

#include <gtest/gtest.h>

#include "run/wasi_trial.hpp"

namespace inlay::run::wasi {
namespace {

class WasiObjects : public testing::Test, public WasiTrial {
  protected:
    void SetUp() override {
        trial.add_object("data/one", "content");
        trial.add_object("data/sub/two", "two");
        trial.add_object("data/sub/deep/three", "three");
    }
    Location at(const std::string& path) { return {"data", path, true}; }
    ObjectName named(const std::string& key) { return {"data", key}; }
    Piece piece(std::string_view bytes) {
        Piece made;
        made.bytes = bytes;
        return made;
    }
    Found::Kind kind_of(const std::string& path) {
        Found found;
        EXPECT_EQ(look(invocation, at(path), found), kSuccess) << path;
        return found.kind;
    }
    std::string listed(const std::string& path) {
        std::vector<Entry> entries;
        EXPECT_EQ(list(invocation, at(path), entries), kSuccess);
        std::string text;
        for (const auto& one : entries) text += one.name + (one.is_directory ? "/ " : " ");
        return text;
    }
    void begin() { state(); }
};

TEST_F(WasiObjects, ANameIsAFileOrADirectoryOrNothing) {
    EXPECT_EQ(kind_of("one"), Found::Kind::file);
    EXPECT_EQ(kind_of("sub"), Found::Kind::directory);
    EXPECT_EQ(kind_of("sub/deep"), Found::Kind::directory);
    EXPECT_EQ(kind_of(""), Found::Kind::directory);
    EXPECT_EQ(kind_of("su"), Found::Kind::nothing);
    EXPECT_EQ(kind_of("absent"), Found::Kind::nothing);
    EXPECT_EQ(kind_of("one/more"), Found::Kind::nothing);
}

TEST_F(WasiObjects, LooksLeaveNoSourcesBehind) {
    begin();
    const size_t before = invocation.sources.size();
    for (int i = 0; i < 100; i++) kind_of("one");
    EXPECT_EQ(invocation.sources.size(), before);
    EXPECT_EQ(invocation.closed_sources, 0u);
}

TEST_F(WasiObjects, WhatIsWrittenIsSeenAtItsSizeBeforeItIsClosed) {
    open("one", spool("longer content"));
    Found found;
    ASSERT_EQ(look(invocation, at("one"), found), kSuccess);
    EXPECT_EQ(found.size, 14u);
    EXPECT_EQ(spool_of(invocation, named("sub/two")), nullptr);
}

TEST_F(WasiObjects, ADirectoryIsListedInOrderWithWhatIsStaged) {
    begin();
    EXPECT_EQ(listed(""), "./ ../ one sub/ ");
    EXPECT_EQ(listed("sub"), "./ ../ two deep/ ");
    EXPECT_EQ(listed("absent"), "./ ../ ");
    ASSERT_EQ(stage(invocation, named("fresh/a"), piece("x")), kSuccess);
    ASSERT_EQ(stage(invocation, named("b"), piece("x")), kSuccess);
    ASSERT_EQ(unlink(invocation, named("one")), kSuccess);
    state().made_directories.insert("data/made");
    state().made_directories.insert("data/made/deeper");
    EXPECT_EQ(listed(""), "./ ../ b fresh/ made/ sub/ ");
    EXPECT_EQ(listed("made"), "./ ../ deeper/ ");
}

TEST_F(WasiObjects, ADirectoryIsAskedForPageByPage) {
    trial.keys_max = 2;
    for (char key = 'a'; key < 'h'; key++) trial.add_object(std::string("data/many/") + key, "");
    begin();
    EXPECT_EQ(listed("many"), "./ ../ a b c d e f g ");
}

// It has no objects, and does not list them either.
struct NoList : Supply {
    Result<std::shared_ptr<const registry::Object>> get_object(const ObjectName&) override { return Error{Errc::object_not_found, ""}; }
    bool may_read(const std::shared_ptr<const os::Pages>&, uint64_t, uint64_t) override { return true; }
    Result<std::shared_ptr<const os::Pages>> create_output(uint64_t) override { return Error{Errc::overloaded, ""}; }
    bool take_log_line(uint64_t, std::string_view) override { return false; }
};

TEST_F(WasiObjects, ADirectoryWithoutEndMeetsALimit) {
    struct Endless final : NoList {
        Result<KeyPage> list_keys(std::string_view, std::string_view, std::string_view) override {
            return KeyPage{std::vector<std::string>(1000, "a/" + std::to_string(asked++)), "more"};
        }
        size_t asked = 0;
    } supply;
    Invocation reader(function, request, supply, terms);
    state_of(reader);
    std::vector<Entry> entries;
    EXPECT_EQ(list(reader, at(""), entries), kOverflow);
    EXPECT_NE(reader.limit_met().find("kWasiKeysMax"), std::string::npos);
    EXPECT_EQ(supply.asked, kWasiKeysMax / 1000 + 1);
}

TEST_F(WasiObjects, WhatAWorkerCannotListBeginsAgainInALane) {
    NoList supply;
    Invocation in_worker(function, request, supply, terms);
    state_of(in_worker);
    std::vector<Entry> entries;
    EXPECT_EQ(list(in_worker, at(""), entries), engine::kStopGuest);
    in_worker.sent = true;
    EXPECT_EQ(list(in_worker, at(""), entries), kNotsup);
}

TEST_F(WasiObjects, StagingReplacesWhatWasStagedUnderTheName) {
    begin();
    ASSERT_EQ(stage(invocation, named("a"), piece("first")), kSuccess);
    ASSERT_EQ(stage(invocation, named("a"), piece("second")), kSuccess);
    EXPECT_EQ(invocation.effects.size(), 1u);
    EXPECT_EQ(staged("a"), "second");
    uint32_t source = 0;
    ASSERT_EQ(open_object(invocation, named("a"), source), kSuccess);
    EXPECT_EQ(invocation.sources[source].inline_bytes, "second");
}

TEST_F(WasiObjects, UnlinkingForgetsWhatWasStagedAndDeletesWhatIsStored) {
    begin();
    ASSERT_EQ(stage(invocation, named("fresh"), piece("x")), kSuccess);
    ASSERT_EQ(unlink(invocation, named("fresh")), kSuccess);
    EXPECT_EQ(staged("fresh"), "(nothing)");
    ASSERT_EQ(stage(invocation, named("one"), piece("x")), kSuccess);
    ASSERT_EQ(unlink(invocation, named("one")), kSuccess);
    EXPECT_EQ(staged("one"), "(deleted)");
    EXPECT_EQ(unlink(invocation, named("one")), kNoent);
    EXPECT_EQ(unlink(invocation, named("absent")), kNoent);
    EXPECT_EQ(kind_of("one"), Found::Kind::nothing);
}

TEST_F(WasiObjects, UnlinkingMarksWhatIsOpen) {
    const uint32_t descriptor = open("one", spool("x"));
    ASSERT_EQ(unlink(invocation, named("one")), kSuccess);
    EXPECT_TRUE(state().find(descriptor)->is_unlinked);
    ASSERT_EQ(close(descriptor), kSuccess);
    EXPECT_EQ(staged("one"), "(deleted)");
}

TEST_F(WasiObjects, ALinkIsTheSameContentSmallOrLarge) {
    const std::string large(kPublishInlineMax + 1, 'x');
    trial.add_object("data/large", large);
    begin();
    ASSERT_EQ(link(invocation, named("one"), named("second")), kSuccess);
    EXPECT_EQ(staged("second"), "content");
    ASSERT_EQ(link(invocation, named("large"), named("third")), kSuccess);
    EXPECT_EQ(staged("third"), large);
    ASSERT_EQ(link(invocation, named("second"), named("fourth")), kSuccess);
    EXPECT_EQ(staged("fourth"), "content") << "of what is only staged";
    EXPECT_EQ(link(invocation, named("absent"), named("x")), kNoent);
    EXPECT_EQ(invocation.cost.copied.total(), 3 * std::string("content").size()) << "the small one, once for each name, and once to look at what was staged; the large one never";
}

TEST_F(WasiObjects, NoMoreIsStagedThanMayBePublished) {
    function.record.limits.publishes = 1;
    begin();
    ASSERT_EQ(stage(invocation, named("a"), piece("x")), kSuccess);
    EXPECT_EQ(stage(invocation, named("a"), piece("y")), kSuccess) << "in its place";
    EXPECT_EQ(stage(invocation, named("b"), piece("x")), kDquot);
    EXPECT_EQ(unlink(invocation, named("one")), kDquot);
    EXPECT_EQ(link(invocation, named("one"), named("b")), kDquot);
    EXPECT_NE(invocation.limit_met().find("publishes"), std::string::npos);
}

TEST_F(WasiObjects, AFailureOfTheDiskIsNoAbsentFile) {
    trial.finder_error = Error{Errc::io_error, "broken"};
    begin();
    uint32_t source = 0;
    EXPECT_EQ(open_object(invocation, named("absent"), source), kIo);
    EXPECT_EQ(open_object(invocation, named("new\nline"), source), kNoent) << "a name that no object can have";
}

TEST_F(WasiObjects, InodesTellFilesApart) {
    EXPECT_EQ(inode_of({"data", "a"}), inode_of({"data", "a"}));
    EXPECT_NE(inode_of({"data", "a"}), inode_of({"data", "b"}));
    EXPECT_NE(inode_of({"data", "a"}), inode_of({"fixed", "a"}));
}

}  // namespace
}  // namespace inlay::run::wasi
