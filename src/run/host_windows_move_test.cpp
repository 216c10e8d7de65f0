// Moved and private windows: what a guest sees after a move, and that what it writes privately stays its own.
#include <gtest/gtest.h>

#include "run/trial.hpp"

namespace inlay::run {
namespace {

constexpr uint32_t kName = 1024, kOut = 16;
const std::string kOne = text_at(kName, "data/one");
const std::string kOpenOne = then("open", {kName, 8, 32});
const std::string kUnmap = then("unmap", {word_at(kOut)});

std::string map(uint64_t offset, uint64_t length, uint32_t flags = 0) { return then("map", {1, offset, length, flags, kOut}); }
std::string move(uint64_t offset, uint64_t length) { return then("move", {word_at(kOut), offset, length, kOut}); }
std::string keep_address() { return "(global.set $kept " + word_at(kOut) + ")"; }
const std::string kKept = "(global $kept (mut i32) (i32.const 0))";

std::string numbers(uint32_t size) {
    std::string content(size, 0);
    for (uint32_t i = 0; i + 4 <= size; i += 4) std::memcpy(content.data() + i, &i, 4);
    return content;
}

TEST(HostMove, AWindowShowsWhatItWasMovedTo) {
    Trial trial;
    std::string content = numbers(4 << 20);
    trial.add_object("data/one", content);
    // Copied and mapped pieces in every order, at any alignment.
    const std::pair<uint64_t, uint64_t> pieces[] = {{0, 100'000}, {5, 100'000}, {70'001, 20}, {9, 16'383}, {3 << 20, 1 << 20}, {4096, 16'384}};
    for (auto [from, from_length] : pieces)
        for (auto [to, to_length] : pieces) {
            EXPECT_EQ(trial.response_of(kOpenOne + map(from, from_length) + move(to, to_length) + then("respond", {kOut, 1}), kOne),
                      content.substr(to, to_length)) << from << " to " << to;
            EXPECT_EQ(trial.code(kOpenOne + map(from, from_length) + move(to, to_length) + "(i32.and " + word_at(kOut) + " (i32.const 4095))", kOne),
                      static_cast<int32_t>(to % 4096));
        }
}

TEST(HostMove, AWindowOfTheSameShapeStaysInItsPlace) {
    Trial trial;
    trial.add_sparse_object("data/one", uint64_t{6} << 30);
    for (uint64_t length : {uint64_t{100'000}, uint64_t{64} << 20})
        EXPECT_EQ(trial.code(kOpenOne + map(5, length) + keep_address() + move((uint64_t{5} << 30) + 5, length) +
                             "(i32.sub (global.get $kept) " + word_at(kOut) + ")", kOne + kKept), 0);
}

TEST(HostMove, OneWindowIsMappedAfterAMoveAndEachIsCounted) {
    Trial trial;
    trial.add_object("data/one", std::string(1 << 20, 'x'));
    EXPECT_EQ(trial.code(kOpenOne + map(0, 50'000) + move(4096, 50'000) + move(0, 30'000) + then("cost", {64}) +
                         "(i32.load (i32.const 80))", kOne), 1);
    EXPECT_EQ(trial.run(kOpenOne + map(0, 50'000) + move(4096, 50'000) + move(0, 30'000) + "(i32.const 0)", kOne).cost.mapped_bytes, 130'000u);
}

TEST(HostMove, WhatWasRespondedFromAWindowIsNotLostByAMove) {
    Trial trial;
    std::string content = numbers(1 << 20);
    trial.add_object("data/one", content);
    EXPECT_EQ(trial.response_of(kOpenOne + map(4096, 50'000) + then("respond", {kOut, 1}) + move(8192, 50'000), kOne), content.substr(4096, 50'000));
}

TEST(HostMove, TheOldPlaceOfAWindowThatWentElsewhereIsOutOfReach) {
    Trial trial;
    trial.add_object("data/one", std::string(1 << 20, 'x'));
    EXPECT_EQ(trial.code(kOpenOne + map(0, 50'000) + then("map", {1, 0, 50'000, 0, 48}) + keep_address() + move(0, 1 << 20) +
                         "(i32.load (global.get $kept))", kOne + kKept), 1000 + static_cast<int32_t>(Errc::function_trapped));
}

TEST(HostMove, TenThousandWindowsAreHeldReadMovedAndGivenBack) {
    Trial trial;
    trial.add_object("data/one", numbers(4 << 20));
    // Window i shows 20,000 bytes at 256 i, and 40,000 further once it was moved; its range lies at 65536 + 8 i.
    std::string range = "(i32.add (i32.const 65536) (i32.shl (local.get $i) (i32.const 3)))";
    auto offset = [](int moved) { return "(i32.add (i32.const " + std::to_string(moved) + ") (i32.shl (local.get $i) (i32.const 8)))"; };
    auto shows = [&](int moved) {
        return "(if (i32.ne (i32.load (i32.load " + range + ")) " + offset(moved) + ") (then (return (i32.const 3))))";
    };
    auto each = [](const std::string& body) {
        return "(local.set $i (i32.const 0)) (loop $each " + body +
               "(local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $each (i32.lt_u (local.get $i) (i32.const 10000))))";
    };
    auto must = [](const std::string& call) { return "(if " + call + " (then (return (i32.const 2))))"; };
    std::string map = each(must(call("map", {1, "(i64.extend_i32_u " + offset(0) + ")", 20'000, 0, range})));
    std::string read = each(shows(0));
    std::string move = each(must(call("move", {"(i32.load " + range + ")", "(i64.extend_i32_u " + offset(40'000) + ")", 20'000, range})) + shows(40'000));
    std::string unmap = each(must(call("unmap", {"(i32.load " + range + ")"})));
    std::string body = "(local $i i32) (drop (memory.grow (i32.const 2)))" + kOpenOne + map + read +
                       "(if (i32.ne " + call("map", {1, 0, 20'000, 0, kOut}) + " (i32.const -6)) (then (return (i32.const 4))))" + move + unmap +
                       map + read + "(i32.const 0)";
    EXPECT_EQ(trial.code(body, kOne), 0);
}

TEST(HostPrivate, StoresOfEveryKindAreTheGuestsOwn) {
    Trial trial;
    std::string content = numbers(100'000);
    int file = trial.add_object("data/one", content);
    std::string stores = "(i64.store " + in_window(kOut, 40'000) + " (i64.const -1))"
                         "(memory.fill " + in_window(kOut, 50'000) + " (i32.const 7) (i32.const 30000))"
                         "(memory.copy " + in_window(kOut, 0) + " " + in_window(kOut, 60'000) + " (i32.const 9000))";
    for (uint64_t length : {100'000, 80'000}) {
        std::string seen = trial.response_of(kOpenOne + map(0, length, INLAY_MAP_PRIVATE) + stores + then("respond", {kOut, 1}), kOne);
        std::string expected = content.substr(0, length);
        expected.replace(40'000, 8, std::string(8, '\xff'));
        expected.replace(50'000, 30'000, std::string(30'000, 7));
        expected.replace(0, 9000, expected.substr(60'000, 9000));
        EXPECT_TRUE(seen == expected) << "what the guest wrote leaves, and not the file's bytes";
    }
    EXPECT_EQ(trial.response_of(kOpenOne + map(0, 100'000) + then("respond", {kOut, 1}), kOne), content) << "the next one sees nothing of it";
    EXPECT_EQ(os::read_from_start(file, content.size()).value(), content);
}

TEST(HostPrivate, AnotherWindowOfTheSameObjectShowsNothingOfIt) {
    Trial trial;
    trial.add_object("data/one", std::string(100'000, 'x'));
    EXPECT_EQ(trial.response_of(kOpenOne + then("map", {1, 0, 100'000, 0, 48}) + map(0, 100'000, INLAY_MAP_PRIVATE) + "(memory.fill " +
                                in_window(kOut, 0) + " (i32.const 121) (i32.const 100000))" + then("respond", {48, 1}), kOne),
              std::string(100'000, 'x'));
}

TEST(HostPrivate, WhatLeavesFromItIsCopiedAndCounted) {
    Trial trial;
    trial.add_object("data/one", std::string(100'000, 'x'));
    std::string write = kOpenOne + map(0, 100'000, INLAY_MAP_PRIVATE) + "(i32.store8 " + in_window(kOut, 9) + " (i32.const 33))";
    auto responded = trial.run(write + call("respond", {kOut, 1}), kOne);
    EXPECT_EQ(responded.cost.copied.heap, 100'000u);
    auto published = trial.run(write + call("publish", {kName, 8, 0, 0, kOut, 1}), kOne);
    EXPECT_EQ(published.cost.copied.heap, 100'000u);
    auto& effects = std::get<Completed>(published.how).effects;
    ASSERT_EQ(effects.size(), 1u);
    std::string stored(100'000, '?');
    ASSERT_TRUE(os::read_exactly_at(effects[0].effect.fd, stored.data(), stored.size(), 0).ok());
    EXPECT_EQ(stored, std::string(9, 'x') + "!" + std::string(99'990, 'x'));
}

TEST(HostPrivate, TheWholeWindowIsChargedAsOwnMemory) {
    Trial trial;
    trial.limits.memory_bytes = 1 << 20;
    trial.add_object("data/one", std::string(2 << 20, 'x'));
    auto code = [&](const std::string& body) { return trial.code(kOpenOne + body, kOne); };
    EXPECT_EQ(code(call("map", {1, 0, 1 << 20, INLAY_MAP_PRIVATE, kOut})), INLAY_E_LIMIT) << "the guest has a page already";
    EXPECT_EQ(code(call("map", {1, 0, 2 << 20, 0, kOut})), 0) << "read-only: not charged";
    EXPECT_EQ(code(call("map", {1, 0, (1 << 20) - 65536, INLAY_MAP_PRIVATE, kOut})), 0);
    std::string all = map(0, (1 << 20) - 65536, INLAY_MAP_PRIVATE);
    EXPECT_EQ(code(all + call("map", {1, 0, 100, INLAY_MAP_PRIVATE, 48})), INLAY_E_LIMIT) << "small ones too";
    EXPECT_EQ(code(all + "(memory.grow (i32.const 1))"), -1);
    EXPECT_EQ(code(all + move(65536, (1 << 20) - 65536) + "(i32.const 0)"), 0) << "charged once";
    EXPECT_EQ(code(all + call("move", {word_at(kOut), 0, 1 << 20, kOut})), INLAY_E_LIMIT);
    EXPECT_EQ(code(all + kUnmap + "(i32.lt_s (memory.grow (i32.const 15)) (i32.const 0))"), 0) << "given back";
}

TEST(HostPrivate, MuchOfItIsWrittenInALane) {
    Trial trial;
    trial.add_sparse_object("data/one", 200 << 20);
    trial.terms.place = Place::express;
    auto is_unfinished = [&](const std::string& body) {
        return std::holds_alternative<Unfinished>(trial.run(kOpenOne + body + "(i32.const 0)", kOne).how);
    };
    EXPECT_FALSE(is_unfinished(map(0, kExpressOutputBytesMax, INLAY_MAP_PRIVATE)));
    EXPECT_TRUE(is_unfinished(map(0, kExpressOutputBytesMax + 1, INLAY_MAP_PRIVATE)));
    EXPECT_TRUE(is_unfinished(map(0, kExpressOutputBytesMax, INLAY_MAP_PRIVATE) + then("output", {1, 48})));
    EXPECT_TRUE(is_unfinished(then("output", {kExpressOutputBytesMax, 48}) + map(0, 65536, INLAY_MAP_PRIVATE)));
    EXPECT_FALSE(is_unfinished(map(0, kExpressOutputBytesMax, INLAY_MAP_PRIVATE) + kUnmap + map(0, kExpressOutputBytesMax, INLAY_MAP_PRIVATE)));
    EXPECT_FALSE(is_unfinished(map(0, kExpressOutputBytesMax, INLAY_MAP_PRIVATE) + move(2 << 20, kExpressOutputBytesMax)));
    trial.terms.place = Place::lane;
    EXPECT_FALSE(is_unfinished(map(0, 200 << 20, INLAY_MAP_PRIVATE)));
}

TEST(HostPrivate, ATruncatedFileUnderItEndsTheInvocation) {
    Trial trial;
    int file = trial.add_object("data/one", std::string(100'000, 'x'));
    ASSERT_TRUE(os::truncate(file, 4096).ok());
    EXPECT_EQ(trial.error_of(kOpenOne + map(0, 100'000, INLAY_MAP_PRIVATE) + "(i32.store " + in_window(kOut, 50'000) + " (i32.const 1)) (i32.const 0)",
                             kOne).code, Errc::object_changed);
}

TEST(HostWindowBudget, AGuestThatTakesAllMappingsGetsACodeAndTheNextOneHasThemAgain) {
    Trial trial;
    trial.add_object("data/one", std::string(20'000, 'x'));
    auto& budget = workshop().worker().mappings();
    size_t all = budget.left();
    // What a guest grows between two windows makes each of them a run of its own.
    std::string count = "(local $n i32) (local $code i32)" + kOpenOne + "(loop $l (drop (memory.grow (i32.const 1))) (local.set $code " +
                        call("map", {1, 0, 20'000, 0, kOut}) +
                        ") (if (i32.eqz (local.get $code)) (then (local.set $n (i32.add (local.get $n) (i32.const 1))) (br $l))))"
                        "(if (result i32) (i32.eq (local.get $code) (i32.const -6)) (then (local.get $n)) (else (local.get $code)))";
    for (int round = 0; round < 2; round++) EXPECT_EQ(trial.code(count, kOne), static_cast<int32_t>(all / 5));
    EXPECT_EQ(budget.left(), all);
}

}  // namespace
}  // namespace inlay::run
