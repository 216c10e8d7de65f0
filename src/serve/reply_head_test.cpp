// HeadWriter: the bytes it writes, and what it would rather not write.
#include "serve/reply_head.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace inlay {
namespace {

TEST(HeadWriter, WritesStatusLineFieldsAndEmptyLine) {
    std::array<char, 256> room;
    HeadWriter head(room, 206);
    head.field("Content-Type", "text/plain; charset=utf-8").field("Content-Length", UINT64_MAX);
    head.field("Empty", "").field("Age", 0);
    EXPECT_EQ(head.finish(),
              "HTTP/1.1 206 Partial Content\r\nContent-Type: text/plain; charset=utf-8\r\n"
              "Content-Length: 18446744073709551615\r\nEmpty: \r\nAge: 0\r\n\r\n");
}

TEST(HeadWriter, WritesLinesPutTogetherBeforeAndRefusesThemUnlessWhole) {
    std::array<char, 64> room;
    EXPECT_EQ(HeadWriter(room, 200).lines("").lines("A: b\r\nC:\r\n").finish(),
              "HTTP/1.1 200 OK\r\nA: b\r\nC:\r\n\r\n");
    for (auto lines : {"A: b", "A: b\r", "A: b\n", "A: b\r\n\r\n", "\r\n", "A\r\n", "A b: c\r\n", ": c\r\n",
                       "A: b\nC: d\r\n", "A: b\rC: d\r\n", "A\r\nB: c\r\n", "A: b\r\n c\r\n"})
        EXPECT_EQ(HeadWriter(room, 200).lines(lines).finish(), std::nullopt) << lines;
    EXPECT_EQ(HeadWriter(room, 200).lines("A: " + std::string(64, 'b') + "\r\n").finish(), std::nullopt);
}

TEST(HeadWriter, WritesAnInterimHeadAndAStatusWithoutAPhrase) {
    std::array<char, 64> room;
    EXPECT_EQ(HeadWriter(room, 100).finish(), "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(HeadWriter(room, 599).finish(), "HTTP/1.1 599 \r\n\r\n");
}

TEST(HeadWriter, FitsExactlyOrGivesNothingAndNeverPassesItsRoom) {
    constexpr std::string_view expected = "HTTP/1.1 200 OK\r\nA: bc\r\nN: 12\r\n\r\n";
    for (size_t size = 0; size <= expected.size() + 1; size++) {
        std::string room(size + 8, '#');
        HeadWriter head(std::span<char>(room.data(), size), 200);
        head.field("A", "bc").field("N", 12);
        const auto written = head.finish();
        EXPECT_EQ(written.has_value(), size >= expected.size()) << size;
        if (written) {
            EXPECT_EQ(*written, expected);
        }
        EXPECT_EQ(room.substr(size), "########");
    }
}

TEST(HeadWriter, StaysRefusedAfterAFieldThatDidNotFit) {
    std::array<char, 40> room;
    HeadWriter head(room, 200);
    head.field("Long", std::string(100, 'x')).field("A", "b");
    EXPECT_EQ(head.finish(), std::nullopt);
}

TEST(HeadWriter, RefusesFieldsThatWouldChangeTheHead) {
    std::array<char, 256> room;
    for (std::string value : {std::string("a\r\nSet-Cookie: x"), std::string("a\nb"), std::string("a\0", 2),
                              std::string(" a"), std::string("a\t"), std::string("a\x7f")})
        EXPECT_EQ(HeadWriter(room, 200).field("A", value).finish(), std::nullopt) << value;
    for (std::string name : {"", "A b", "A:", "A\r\nB", "\xc3\xa4"}) {
        EXPECT_EQ(HeadWriter(room, 200).field(name, "v").finish(), std::nullopt) << name;
        EXPECT_EQ(HeadWriter(room, 200).field(name, 1).finish(), std::nullopt) << name;
    }
}

TEST(ReasonPhrase, IsKnownForTheStatusesOfTheRegistry) {
    EXPECT_EQ(reason_phrase(100), "Continue");
    EXPECT_EQ(reason_phrase(200), "OK");
    EXPECT_EQ(reason_phrase(404), "Not Found");
    EXPECT_EQ(reason_phrase(511), "Network Authentication Required");
    EXPECT_EQ(reason_phrase(0), "");
    EXPECT_EQ(reason_phrase(299), "");
    EXPECT_EQ(reason_phrase(600), "");
}

TEST(HeadWriterDeathTest, NeedsAStatusOfThreeDigits) {
    std::array<char, 64> room;
    EXPECT_DEATH(HeadWriter(room, 99), "status");
    EXPECT_DEATH(HeadWriter(room, 1000), "status");
}

}  // namespace
}  // namespace inlay
