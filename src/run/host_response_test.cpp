// Responses and publications: by reference from windows, copied and counted from the heap, checked before they count.
#include <gtest/gtest.h>

#include "run/trial.hpp"

namespace inlay::run {
namespace {

constexpr uint32_t kName = 1024, kType = 1100, kOut = 16, kRanges = 64, kBeyond = 65536;
const std::string kNames = text_at(kName, "data/one") + text_at(kType, "text/plain");
const std::string kMapOne = then("open", {kName, 8, 32}) + then("map", {1, 0, 50'000, 0, kOut});

std::string range(uint32_t index, const Argument& address, uint32_t length) {
    std::string at = std::to_string(kRanges + 8 * index);
    std::string expression = address.is_number ? "(i32.const " + address.text + ")" : address.text;
    return "(i32.store (i32.const " + at + ") " + expression + ")(i32.store offset=4 (i32.const " + at + ") (i32.const " +
           std::to_string(length) + "))";
}
std::string publish(uint32_t count, uint32_t name_bytes = 8, uint32_t type_bytes = 10) {
    return call("publish", {kName, name_bytes, kType, type_bytes, kRanges, count});
}
Completed completed(Outcome outcome) {
    auto* how = std::get_if<Completed>(&outcome.how);
    return how ? std::move(*how) : Completed{};
}
// A guest that calls `call` until it is refused and gives how often it was not, or the code if that is not LIMIT.
std::string count_until_limit(const std::string& call) {
    return "(local $n i32) (local $code i32) (loop $l (local.set $code " + call +
           ") (if (i32.eqz (local.get $code)) (then (local.set $n (i32.add (local.get $n) (i32.const 1))) (br $l))))"
           "(if (result i32) (i32.eq (local.get $code) (i32.const -6)) (then (local.get $n)) (else (local.get $code)))";
}

struct CodeCase {
    const char* claim;
    std::string call;
    int32_t code;
};

TEST(HostResponse, EveryErrorHasItsCode) {
    const CodeCase cases[] = {
        {"status: 199", call("status", {199}), INLAY_E_ARGUMENT},
        {"status: 600", call("status", {600}), INLAY_E_ARGUMENT},
        {"status: 0", call("status", {0}), INLAY_E_ARGUMENT},
        {"header: name beyond memory", call("header", {kBeyond, 1, kType, 1}), INLAY_E_POINTER},
        {"header: value beyond memory", call("header", {kType, 1, kBeyond, 1}), INLAY_E_POINTER},
        {"header: no name", call("header", {kType, 0, kType, 1}), INLAY_E_NAME},
        {"header: name with a slash", call("header", {kType, 10, kType, 1}), INLAY_E_NAME},
        {"header: value with NUL", call("header", {kType, 4, 0, 4}), INLAY_E_ARGUMENT},
        {"header: the host's", call("header", {kType + 20, 4, kType, 4}), INLAY_E_DENIED},
        {"header: the host's prefix", call("header", {kType + 30, 7, kType, 4}), INLAY_E_DENIED},
        {"header: too long", call("header", {kType, 4, kType, kResponseHeaderBytesMax}), INLAY_E_LIMIT},
        {"respond: too many", call("respond", {kRanges, kRangesMax + 1}), INLAY_E_LIMIT},
        {"respond: list beyond memory", call("respond", {kBeyond - 7, 1}), INLAY_E_POINTER},
        {"respond: range beyond memory", range(0, kBeyond - 1, 2) + call("respond", {kRanges, 1}), INLAY_E_POINTER},
        {"respond: range that wraps", range(0, 1, 0xffff'ffff) + call("respond", {kRanges, 1}), INLAY_E_POINTER},
        {"respond: twice", then("respond", {kRanges, 0}) + call("respond", {kRanges, 0}), INLAY_E_TWICE},
        {"publish: too many ranges", publish(kRangesMax + 1), INLAY_E_LIMIT},
        {"publish: name beyond memory", call("publish", {kBeyond - 1, 8, kType, 0, kRanges, 0}), INLAY_E_POINTER},
        {"publish: type beyond memory", call("publish", {kName, 8, kBeyond - 1, 8, kRanges, 0}), INLAY_E_POINTER},
        {"publish: list beyond memory", call("publish", {kName, 8, kType, 0, kBeyond - 7, 1}), INLAY_E_POINTER},
        {"publish: range beyond memory", range(0, kBeyond, 1) + publish(1), INLAY_E_POINTER},
        {"publish: a bucket only", publish(0, 4), INLAY_E_NAME},
        {"publish: type with NUL", call("publish", {kName, 8, 0, 8, kRanges, 0}), INLAY_E_ARGUMENT},
        {"publish: type too long", call("publish", {kName, 8, 4096, kContentTypeBytesMax + 1, kRanges, 0}), INLAY_E_ARGUMENT},
    };
    Trial trial;
    std::string before = kNames + text_at(kType + 20, "dAtE") + text_at(kType + 30, "iNLAY-x") + text_at(4096, std::string(300, 'x'));
    for (const auto& row : cases) EXPECT_EQ(trial.code(row.call, before), row.code) << row.claim;
}

TEST(HostResponse, StatusAndFieldsAreTheGuests) {
    Trial trial;
    auto response = completed(trial.run(then("status", {599}) + then("status", {201}) + then("header", {kName, 4, kType, 10}) +
                                            call("header", {kType, 4, kType, 0}), kNames)).response;
    EXPECT_EQ(response.status, 201u) << "the last one";
    EXPECT_EQ(response.fields, "data: text/plain\r\ntext: \r\n");
    EXPECT_FALSE(response.has_content_type);
    EXPECT_EQ(completed(trial.run("(i32.const 0)")).response.status, 200u);
}

TEST(HostResponse, TheContentTypeIsSetOnce) {
    Trial trial;
    std::string before = kNames + text_at(2048, "Content-TYPE"), set = call("header", {2048, 12, kType, 10});
    EXPECT_TRUE(completed(trial.run(set, before)).response.has_content_type);
    EXPECT_EQ(trial.code("(drop " + set + ")" + set, before), INLAY_E_TWICE);
}

TEST(HostResponse, FieldsAreBounded) {
    Trial trial;
    EXPECT_EQ(trial.code(count_until_limit(call("header", {kType, 4, kType, 4})), kNames), static_cast<int32_t>(kResponseHeadersMax));
    std::string long_value = text_at(4096, std::string(1000, 'x'));
    int32_t long_fields = kResponseHeaderBytesMax / (4 + 1000 + 4);
    EXPECT_EQ(trial.code(count_until_limit(call("header", {kType, 4, 4096, 1000})), kNames + long_value), long_fields);
}

TEST(HostResponse, ARangeOfAnInputLeavesByReference) {
    Trial trial;
    int object = trial.add_object("data/one", std::string(49'000, 'x') + std::string(1000, 'y'));
    auto outcome = trial.run(kMapOne + range(0, in_window(kOut, 100), 49'000) + call("respond", {kRanges, 1}), kNames);
    auto response = completed(std::move(outcome)).response;
    ASSERT_EQ(response.content.size(), 1u);
    EXPECT_EQ(response.content[0].pages->fd(), object);
    EXPECT_EQ(response.content[0].offset, 100u);
    EXPECT_EQ(response.content[0].length, 49'000u);
    EXPECT_TRUE(response.content[0].pages);
    EXPECT_EQ(content_of(response), std::string(48'900, 'x') + std::string(100, 'y'));
}

TEST(HostResponse, APieceThatBeginsInsideOfAPageLeavesByReference) {
    Trial trial;
    int body = trial.set_body(std::string(5000, 'x') + std::string(20'000, 'y'));
    auto outcome = trial.run(then("map", {0, 5000, 20'000, 0, kOut}) + range(0, word_at(kOut), 20'000) + call("respond", {kRanges, 1}));
    EXPECT_EQ(outcome.cost.copied.total(), 0u);
    EXPECT_EQ(outcome.cost.mapped_bytes, 20'000u);
    auto response = completed(std::move(outcome)).response;
    ASSERT_EQ(response.content.size(), 1u);
    EXPECT_EQ(response.content[0].pages->fd(), body);
    EXPECT_EQ(response.content[0].offset, 5000u);
    EXPECT_EQ(content_of(response), std::string(20'000, 'y'));
}

TEST(HostResponse, WhatAnOutputHoldsAtTheEndIsWhatLeaves) {
    Trial trial;
    auto outcome = trial.run(then("output", {4, kOut}) + range(0, word_at(kOut), 4) + then("respond", {kRanges, 1}) +
                             "(i32.store " + word_at(kOut) + " (i32.const 0x74736574)) (i32.const 0)");
    EXPECT_EQ(outcome.cost.copied.total(), 0u);
    auto response = completed(std::move(outcome)).response;
    EXPECT_EQ(content_of(response), "test");
    int output = response.content.at(0).pages->fd();
    EXPECT_FALSE(os::write_all_at(output, "late", 0).ok()) << "sealed";
    EXPECT_FALSE(os::truncate(output, 0).ok()) << "sealed";
}

TEST(HostResponse, AnUnmappedOutputIsNotLost) {
    Trial trial;
    std::string fill = then("output", {20'000, kOut}) + "(i32.store8 " + in_window(kOut, 19'999) + " (i32.const 33))";
    std::string again = then("unmap", {word_at(kOut)}) + then("output", {20'000, kOut}) + "(i32.store8 " + in_window(kOut, 5) +
                        " (i32.const 63)) (i32.const 0)";
    auto done = completed(trial.run(fill + range(0, word_at(kOut), 20'000) + then("respond", {kRanges, 1}) + "(drop " + publish(1) + ")" +
                                        again, kNames));
    EXPECT_EQ(content_of(done.response), std::string(19'999, '\0') + "!");
    ASSERT_EQ(done.effects.size(), 1u);
    EXPECT_EQ(done.effects[0].effect.fd, done.response.content.at(0).pages->fd());
}

TEST(HostResponse, AHeapRangeIsCopiedNow) {
    Trial trial;
    std::string body = range(0, kName, 8) + then("respond", {kRanges, 1}) + "(i64.store (i32.const 1024) (i64.const 0)) (i32.const 0)";
    auto outcome = trial.run(body, kNames);
    EXPECT_EQ(outcome.cost.copied.heap, 8u);
    auto response = completed(std::move(outcome)).response;
    EXPECT_FALSE(response.content.at(0).pages) << "its bytes, no file";
    EXPECT_EQ(content_of(response), "data/one");
}

TEST(HostResponse, ALargeHeapRangeIsCopiedOnceIntoPages) {
    Trial trial;
    std::string fill = "(drop (memory.grow (i32.const 2))) (memory.fill (i32.const 4096) (i32.const 120) (i32.const 100000))";
    auto outcome = trial.run(fill + range(0, 4096, 100'000) + call("respond", {kRanges, 1}));
    EXPECT_EQ(outcome.cost.copied.heap, 100'000u);
    auto response = completed(std::move(outcome)).response;
    EXPECT_EQ(response.content.at(0).length, 100'000u);
    EXPECT_EQ(content_of(response), std::string(100'000, 'x'));
    auto at_limit = completed(trial.run(fill + range(0, 4096, kHeapRangeCopyMax) + call("respond", {kRanges, 1}))).response;
    EXPECT_EQ(at_limit.content.at(0).bytes.size(), kHeapRangeCopyMax);
}

TEST(HostResponse, ARangeAcrossAWindowsEdgeIsCopied) {
    Trial trial;
    trial.add_object("data/one", std::string(50'000, 'x'));
    auto outcome = trial.run(kMapOne + range(0, in_window(kOut, 49'999), 2) + call("respond", {kRanges, 1}), kNames);
    EXPECT_EQ(outcome.cost.copied.heap, 2u);
    EXPECT_EQ(content_of(completed(std::move(outcome)).response), std::string("x\0", 2));
}

TEST(HostResponse, RangesLeaveInTheirOrderAndEmptyOnesNotAtAll) {
    Trial trial;
    trial.add_object("data/one", std::string(50'000, 'x'));
    std::string ranges = range(0, kName, 4) + range(1, 0, 0) + range(2, in_window(kOut, 0), 20'000) + range(3, kType, 4);
    auto response = completed(trial.run(kMapOne + ranges + call("respond", {kRanges, 4}), kNames)).response;
    EXPECT_EQ(response.content.size(), 3u);
    EXPECT_EQ(content_of(response), "data" + std::string(20'000, 'x') + "text");
    EXPECT_EQ(response.content_bytes(), 20'008u);
    EXPECT_EQ(completed(trial.run(call("respond", {0, 0}))).response.content.size(), 0u);
}

// One range can name much memory, and a thousand ranges the same memory: what they add up to is bounded.
TEST(HostResponse, WhatOneResponseCopiesIsBounded) {
    Trial trial;
    // 1,024 ranges of the same 3 MiB.
    std::string fill_list = "(local $i i32) (drop (memory.grow (i32.const 64)))"
                            "(loop $l (i32.store offset=4 (i32.mul (local.get $i) (i32.const 8)) (i32.const 0x300000))"
                            "(br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1024))))";
    EXPECT_EQ(trial.code(fill_list + call("respond", {0, kRangesMax})), INLAY_E_LIMIT);
}

TEST(HostResponse, WhatOnePublicationGathersIsBoundedWithTheOutputs) {
    constexpr uint32_t kPart = 32 << 20;
    Trial trial;
    trial.add_sparse_object("data/one", kPart);
    std::string windows = then("output", {kOutputBytesMax - kPart, 24}) + then("open", {kName, 8, 32}) + then("map", {1, 0, kPart, 0, kOut});
    std::string twice = range(0, word_at(kOut), kPart) + range(1, word_at(kOut), 1);
    EXPECT_EQ(trial.code(windows + twice + publish(2), kNames), INLAY_E_LIMIT) << "more than one range is copied, also out of a window";
    EXPECT_EQ(trial.code(windows + twice + publish(1), kNames), 0) << "one from the start is not";
}

TEST(HostResponse, OneRangeFromTheStartOfAFileIsPublishedByReference) {
    Trial trial;
    int object = trial.add_object("data/one", std::string(50'000, 'x'));
    auto outcome = trial.run(kMapOne + range(0, word_at(kOut), 30'000) + publish(1), kNames);
    EXPECT_EQ(outcome.cost.copied.total(), 0u);
    auto effects = completed(std::move(outcome)).effects;
    ASSERT_EQ(effects.size(), 1u);
    EXPECT_EQ(effects[0].effect.kind, registry::ContentKind::pages);
    EXPECT_EQ(effects[0].effect.fd, object);
    EXPECT_EQ(effects[0].effect.length, 30'000u);
    EXPECT_EQ(effects[0].effect.name.path(), "data/one");
    EXPECT_EQ(effects[0].effect.content_type, "text/plain");
    EXPECT_FALSE(effects[0].effect.is_delete);
    EXPECT_TRUE(effects[0].pages);
}

TEST(HostResponse, AnythingElseIsGatheredAndCounted) {
    Trial trial;
    trial.add_object("data/one", std::string(50'000, 'x'));
    std::string one = range(0, in_window(kOut, 4096), 30'000), two = range(0, word_at(kOut), 20'000) + range(1, kName, 8);
    for (const auto& [body, length] : {std::pair{one + publish(1), 30'000u}, std::pair{two + publish(2), 20'008u}}) {
        auto outcome = trial.run(kMapOne + body, kNames);
        EXPECT_EQ(outcome.cost.copied.heap, length);
        auto effects = completed(std::move(outcome)).effects;
        ASSERT_EQ(effects.size(), 1u);
        EXPECT_EQ(effects[0].effect.kind, registry::ContentKind::pages);
        EXPECT_EQ(effects[0].effect.length, length);
        EXPECT_EQ(os::read_from_start(effects[0].effect.fd, length).value().size(), length);
    }
}

TEST(HostResponse, ASmallPublicationTravelsInItsMessage) {
    Trial trial;
    auto effects = completed(trial.run(range(0, kName, 4) + range(1, kType, 4) + "(drop " + publish(2) + ")" +
                                           publish(0, 8, 0), kNames)).effects;
    ASSERT_EQ(effects.size(), 2u);
    EXPECT_EQ(effects[0].effect.kind, registry::ContentKind::inline_bytes);
    EXPECT_EQ(effects[0].effect.inline_bytes, "datatext");
    EXPECT_EQ(effects[0].effect.length, 8u);
    EXPECT_EQ(effects[1].effect.length, 0u);
    EXPECT_EQ(effects[1].effect.content_type, "application/octet-stream") << "none was given";
    for (uint32_t length : {uint32_t{kPublishInlineMax}, uint32_t{kPublishInlineMax} + 1}) {
        auto one = completed(trial.run(range(0, kName, length) + publish(1), kNames)).effects;
        bool is_inline = one.at(0).effect.kind == registry::ContentKind::inline_bytes;
        EXPECT_EQ(is_inline, length <= kPublishInlineMax);
    }
}

TEST(HostResponse, PublicationsAreBounded) {
    EXPECT_EQ(Trial().code(count_until_limit(publish(0)), kNames), static_cast<int32_t>(kPublishesMax));
}

TEST(HostResponse, APublicationLargerThanAllOutputsIsRefused) {
    Trial trial;
    trial.add_sparse_object("data/one", uint64_t{3} << 30);
    std::string map = then("open", {kName, 8, 32}) + then("map", {1, 0, 1 << 30, 0, kOut});
    std::string thrice = range(0, word_at(kOut), 1 << 30) + range(1, word_at(kOut), 1 << 30) + range(2, word_at(kOut), 1);
    EXPECT_EQ(trial.code(map + thrice + publish(3), kNames), INLAY_E_LIMIT);
}

}  // namespace
}  // namespace inlay::run
