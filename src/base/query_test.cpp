// Escapes, parameters and numbers: what they decode to, and what is malformed.
#include "base/query.hpp"

#include <gtest/gtest.h>

#include <string>

namespace inlay {
namespace {

std::string decoded(std::string_view text, Plus plus = Plus::literal) {
    auto result = percent_decode(text, plus);
    return result.ok() ? *result : "error";
}

std::optional<std::string> parameter(std::string_view query, std::string_view name) {
    auto result = find_parameter(query, name);
    return result.ok() ? *result : "error";
}

TEST(PercentDecode, ReplacesEachEscapeOnce) {
    EXPECT_EQ(decoded(""), "");
    EXPECT_EQ(decoded("plain/text"), "plain/text");
    EXPECT_EQ(decoded("%41%4a%4A%7e"), "AJJ~");
    EXPECT_EQ(decoded("%2541"), "%41");
    EXPECT_EQ(decoded("%c3%A4"), "\xc3\xa4");
    EXPECT_EQ(decoded("a%00b"), std::string("a\0b", 3));
    EXPECT_EQ(decoded("%ff"), "\xff");
}

TEST(PercentDecode, TakesPlusForASpaceOnlyWhenAsked) {
    EXPECT_EQ(decoded("a+b%2B", Plus::literal), "a+b+");
    EXPECT_EQ(decoded("a+b%2B", Plus::space), "a b+");
}

TEST(PercentDecode, RefusesMalformedEscapes) {
    for (std::string text : {"%", "a%", "%4", "%4g", "%g4", "%%41", "% 41", "%-1", "%+1", "%4\xff"}) {
        auto result = percent_decode(text, Plus::literal);
        ASSERT_FALSE(result.ok()) << text;
        EXPECT_EQ(result.error().code, Errc::bad_request);
    }
}

TEST(FindParameter, GivesTheFirstOfThatNameDecoded) {
    EXPECT_EQ(parameter("a=1&b=2&a=3", "a"), "1");
    EXPECT_EQ(parameter("a=1&b=2", "b"), "2");
    EXPECT_EQ(parameter("a=x+y%26%3d=z", "a"), "x y&==z");
    EXPECT_EQ(parameter("n%61me+x=1", "name x"), "1");
    EXPECT_EQ(parameter("a", "a"), "");
    EXPECT_EQ(parameter("a=&a=1", "a"), "");
    EXPECT_EQ(parameter("=1", ""), "1");
}

TEST(FindParameter, IsAbsentWhenNoParameterHasTheName) {
    EXPECT_EQ(parameter("", "a"), std::nullopt);
    EXPECT_EQ(parameter("", ""), std::nullopt);
    EXPECT_EQ(parameter("&&", ""), std::nullopt);
    EXPECT_EQ(parameter("aa=1&A=1&b=a", "a"), std::nullopt);
    EXPECT_EQ(parameter("b=1;a=2", "a"), std::nullopt);
}

TEST(FindParameter, RefusesBadEscapesOnlyWhereItLooks) {
    EXPECT_EQ(parameter("a=%", "a"), "error");
    EXPECT_EQ(parameter("%=1&a=2", "a"), "error");
    EXPECT_EQ(parameter("b=%&a=2", "a"), "2");
    EXPECT_EQ(parameter("a=2&%", "a"), "2");
}

TEST(PercentEncoding, KeepsUnreservedBytesAndSlashesOnly) {
    EXPECT_EQ(percent_encode("a/b/c.txt"), "a/b/c.txt");
    EXPECT_EQ(percent_encode("AZaz09-._~"), "AZaz09-._~");
    EXPECT_EQ(percent_encode("a b+c%d?e#f&g=h:i"), "a%20b%2Bc%25d%3Fe%23f%26g%3Dh%3Ai");
    EXPECT_EQ(percent_encode("\xe2\x82\xac/\xc3\xa4"), "%E2%82%AC/%C3%A4");
    EXPECT_EQ(percent_encode(std::string_view("\0\xff", 2)), "%00%FF");
}

TEST(ParseU64, ReadsEveryNumberOf64BitsAndNothingElse) {
    EXPECT_EQ(parse_u64("0"), 0u);
    EXPECT_EQ(parse_u64("007"), 7u);
    EXPECT_EQ(parse_u64("18446744073709551615"), UINT64_MAX);
    EXPECT_EQ(parse_u64("00000000000000000000018446744073709551615"), UINT64_MAX);
    for (auto text : {"", " 1", "1 ", "+1", "-1", "1.0", "0x1", "1e3", "1,0", "18446744073709551616",
                      "18446744073709551620", "99999999999999999999"})
        EXPECT_EQ(parse_u64(text), std::nullopt) << text;
}

}  // namespace
}  // namespace inlay
