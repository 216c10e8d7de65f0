// Messages: what is written is what is read; what is cut, longer or made up is refused.
#include "registry/messages.hpp"

#include <gtest/gtest.h>

#include <random>

#include "base/limits.hpp"
#include "store/scratch_directory.hpp"

namespace inlay::registry {
namespace {

const auto kObject = store::example_object("bucket", "a/key", "0123");
const auto kFunction = store::example_function("name", "4567");
const Listing kListing{ListingKind::log, "name", "prefix", "after", 17};
const LogLines kLogLines{"function", "invocation", "trace", {{3, "one"}, {0, ""}}};
const CommitAnswer kCommitAnswer{{{true, "v1"}, {false, ""}}, 99};

std::vector<Effect> some_effects() {
    std::vector<Effect> effects(4);
    effects[0] = {false, {"b", "inline"}, "text/plain", {true, false, ""}, ContentKind::inline_bytes, "bytes", 5, -1};
    effects[1] = {false, {"b", "pages"}, "", {false, true, ""}, ContentKind::pages, "", 1 << 20, 77};
    effects[2] = {true, {"b", "gone"}, "", {false, false, "v"}, ContentKind::inline_bytes, "", 0, -1};
    effects[3] = {false, {"b", "begun"}, "", {}, ContentKind::begun, "", 2 << 20, -1, 12};
    return effects;
}

template <class T>
std::string written(const T& value) {
    WireWriter writer;
    write(writer, value);
    return writer.take();
}
std::string written(const std::vector<Effect>& effects) {
    WireWriter writer;
    std::vector<int> fds;
    write(writer, effects, fds);
    return writer.take();
}

// True: `bytes` are a whole message of that type.
template <class T>
bool reads(std::string_view bytes, T value = {}) {
    WireReader reader(bytes);
    read(reader, value);
    return reader.finished();
}
bool reads_effects(std::string_view bytes, size_t fds) {
    WireReader reader(bytes);
    std::vector<Effect> effects;
    read(reader, effects, fds);
    EXPECT_TRUE(reader.ok() || effects.empty()) << "of a bad message nothing is kept";
    return reader.finished();
}

template <class T>
T round_trip(const T& value) {
    std::string bytes = written(value);
    WireReader reader(bytes);
    T read_back;
    read(reader, read_back);
    EXPECT_TRUE(reader.finished());
    return read_back;
}

TEST(Messages, RecordsComeBackAsTheyWere) {
    EXPECT_EQ(round_trip(kObject), kObject);
    EXPECT_EQ(round_trip(kFunction), kFunction);
    EXPECT_EQ(round_trip(store::ObjectRecord{}), store::ObjectRecord{});
    auto linked = kObject;
    linked.link_path = "/a/file";
    linked.link_stamp = "inode=1";
    EXPECT_EQ(round_trip(linked), linked);
}

TEST(Messages, ListingsAndLogLinesComeBackAsTheyWere) {
    auto listing = round_trip(kListing);
    EXPECT_EQ(listing.kind, kListing.kind);
    EXPECT_EQ(listing.name + listing.prefix + listing.after, "nameprefixafter");
    EXPECT_EQ(listing.limit, 17u);
    auto lines = round_trip(kLogLines);
    EXPECT_EQ(lines.function, "function");
    EXPECT_EQ(lines.invocation, "invocation");
    ASSERT_EQ(lines.lines.size(), 2u);
    EXPECT_EQ(lines.lines[0].level, 3u);
    EXPECT_EQ(lines.lines[0].text, "one");
    EXPECT_EQ(lines.lines[1].text, "");
}

TEST(Messages, CommitAnswersComeBackAsTheyWere) {
    auto answer = round_trip(kCommitAnswer);
    EXPECT_EQ(answer.copied_bytes, 99u);
    ASSERT_EQ(answer.effects.size(), 2u);
    EXPECT_TRUE(answer.effects[0].created);
    EXPECT_EQ(answer.effects[0].version, "v1");
    EXPECT_FALSE(answer.effects[1].created);
    EXPECT_TRUE(round_trip(CommitAnswer{}).effects.empty());
}

TEST(Messages, EffectsComeBackWithTheirDescriptorsByOrder) {
    auto effects = some_effects();
    WireWriter writer;
    std::vector<int> fds;
    write(writer, effects, fds);
    EXPECT_EQ(fds, std::vector{77});
    std::string bytes = writer.take();
    WireReader reader(bytes);
    std::vector<Effect> back;
    read(reader, back, fds.size());
    ASSERT_TRUE(reader.finished());
    ASSERT_EQ(back.size(), 4u);
    EXPECT_EQ(back[1].fd, 0) << "the first descriptor of the message";
    for (size_t i = 0; i < 4; i++) {
        EXPECT_EQ(back[i].is_delete, effects[i].is_delete);
        EXPECT_EQ(back[i].name, effects[i].name);
        EXPECT_EQ(back[i].content_type, effects[i].content_type);
        EXPECT_EQ(back[i].precondition, effects[i].precondition);
        EXPECT_EQ(back[i].kind, effects[i].kind);
        EXPECT_EQ(back[i].inline_bytes, effects[i].inline_bytes);
        EXPECT_EQ(back[i].length, effects[i].length);
        EXPECT_EQ(back[i].begun, effects[i].begun);
    }
}

TEST(Messages, BeginningsOfContentKeepTheirNumbers) {
    auto back = round_trip(ContentBegin{7, 8, 4096, "wc"});
    EXPECT_TRUE(back.number == 7 && back.expected == 8 && back.ring_bytes == 4096);
    EXPECT_FALSE(reads<ContentBegin>(written(back).substr(1)));
}

TEST(Messages, EveryCutIsRefused) {
    const std::string messages[] = {written(kObject), written(kFunction), written(kListing), written(kLogLines), written(kCommitAnswer)};
    for (size_t length = 0; length < messages[0].size(); length++) EXPECT_FALSE(reads<store::ObjectRecord>(messages[0].substr(0, length)));
    for (size_t length = 0; length < messages[1].size(); length++) EXPECT_FALSE(reads<store::FunctionRecord>(messages[1].substr(0, length)));
    for (size_t length = 0; length < messages[2].size(); length++) EXPECT_FALSE(reads<Listing>(messages[2].substr(0, length)));
    for (size_t length = 0; length < messages[3].size(); length++) EXPECT_FALSE(reads<LogLines>(messages[3].substr(0, length)));
    for (size_t length = 0; length < messages[4].size(); length++) EXPECT_FALSE(reads<CommitAnswer>(messages[4].substr(0, length)));
    std::string effects = written(some_effects());
    for (size_t length = 0; length < effects.size(); length++) EXPECT_FALSE(reads_effects(effects.substr(0, length), 1)) << length;
}

TEST(Messages, WhatIsLongerIsRefused) {
    EXPECT_TRUE(reads<Listing>(written(kListing)));
    EXPECT_FALSE(reads<Listing>(written(kListing) + "x"));
    EXPECT_TRUE(reads_effects(written(some_effects()), 1));
    EXPECT_FALSE(reads_effects(written(some_effects()) + "x", 1));
}

TEST(Messages, EffectsThatNameMoreDescriptorsThanCameAreRefused) {
    EXPECT_FALSE(reads_effects(written(some_effects()), 0));
    EXPECT_TRUE(reads_effects(written(some_effects()), 2)) << "one that nobody names does no harm";
    std::vector<Effect> pages(kMessageFdsMax + 1);
    for (auto& effect : pages) effect.kind = ContentKind::pages;
    EXPECT_FALSE(reads_effects(written(pages), kMessageFdsMax));
}

TEST(Messages, EffectsOfAnUnknownKindAreRefused) {
    auto effects = some_effects();
    for (uint64_t kind : {uint64_t{0}, uint64_t{4}, UINT64_MAX}) {
        effects[0].kind = static_cast<ContentKind>(kind);
        EXPECT_FALSE(reads_effects(written(effects), 1)) << kind;
        EXPECT_FALSE(reads_effects(written(effects), 9)) << kind;
    }
}

TEST(Messages, CountsBeyondWhatFollowsAreRefusedSoon) {
    for (uint64_t count : {uint64_t{1}, uint64_t{1} << 20, UINT64_MAX}) {
        EXPECT_FALSE(reads<LogLines>(WireWriter().bytes("f").bytes("i").number(count).take()));
        EXPECT_FALSE(reads<CommitAnswer>(WireWriter().number(0).number(count).take()));
        EXPECT_FALSE(reads_effects(WireWriter().number(count).take(), 1));
    }
}

TEST(Messages, NoBytesCrashTheReaders) {
    std::mt19937 random(1);
    const std::string originals[] = {written(kObject), written(kLogLines), written(kCommitAnswer), written(some_effects())};
    for (int i = 0; i < 20'000; i++) {
        std::string bytes = originals[static_cast<size_t>(i) % 4];
        for (int change = 0; change < 3; change++) bytes[random() % bytes.size()] = static_cast<char>(random());
        (void)reads<store::ObjectRecord>(bytes), (void)reads<store::FunctionRecord>(bytes), (void)reads<Listing>(bytes);
        (void)reads<LogLines>(bytes), (void)reads<CommitAnswer>(bytes), (void)reads_effects(bytes, 2);
    }
}

TEST(Messages, VerdictsCarryErrors) {
    auto verdict = [](const std::string& bytes) {
        WireReader reader(bytes);
        EXPECT_EQ(reader.number(), 5u);
        return read_verdict(reader);
    };
    EXPECT_TRUE(verdict(answer(5).take()).ok());
    Error error{Errc::precondition_failed, "it exists"};
    EXPECT_EQ(verdict(answer(5, error)).error(), error);
    EXPECT_EQ(verdict(WireWriter().number(5).take()).error().code, Errc::internal) << "cut";
    std::string cut = answer(5, error);
    for (size_t length = 16; length < cut.size(); length++)
        ASSERT_EQ(verdict(cut.substr(0, length)).error().code, Errc::internal) << "cut inside of the error at " << length;
}

TEST(Messages, QuestionsBeginWithIdAndCall) {
    std::string bytes = question(9, Call::deploy).bytes("rest").take();
    WireReader reader(bytes);
    EXPECT_EQ(reader.number(), 9u);
    EXPECT_EQ(reader.number(), static_cast<uint64_t>(Call::deploy));
    EXPECT_EQ(reader.bytes(), "rest");
    EXPECT_TRUE(reader.finished());
}

}  // namespace
}  // namespace inlay::registry
