// Field rules: each byte in its place, and which names belong to the server.
#include "base/field_rules.hpp"

#include <gtest/gtest.h>

#include <string>

namespace inlay {
namespace {

TEST(FieldRules, ATokenIsMadeOfTheBytesOfRfc9110) {
    const std::string token_bytes = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for (unsigned i = 0; i < 256; i++) {
        const std::string text(1, static_cast<char>(i));
        EXPECT_EQ(is_token(text), token_bytes.find(text) != token_bytes.npos) << i;
    }
    EXPECT_TRUE(is_token(token_bytes));
    EXPECT_FALSE(is_token(""));
    EXPECT_FALSE(is_token("a b"));
}

TEST(FieldRules, AValueHasNoControlBytesButTabAndNoBlankAtItsEnds) {
    for (unsigned i = 0; i < 256; i++) {
        const std::string text = "a" + std::string(1, static_cast<char>(i)) + "b";
        EXPECT_EQ(is_field_value(text), i == '\t' || (i >= 0x20 && i != 0x7f)) << i;
    }
    EXPECT_TRUE(is_field_value(""));
    for (auto text : {" ", "\t", " a", "a ", "\ta", "a\t"}) EXPECT_FALSE(is_field_value(text)) << text;
}

TEST(FieldRules, TheHostOwnsFramingConnectionDateAndItsOwnPrefix) {
    for (auto name : {"Connection", "keep-alive", "PROXY-CONNECTION", "Content-Length", "Date", "TE", "Trailer",
                      "Transfer-Encoding", "Upgrade", "traceparent", "Inlay-Cost", "inlay-", "INLAY-X"})
        EXPECT_TRUE(is_host_owned(name)) << name;
    for (auto name : {"", "Content-Type", "Dates", "Dat", "Inlay", "X-Inlay-Cost", "Trailers", "ETag"})
        EXPECT_FALSE(is_host_owned(name)) << name;
}

TEST(FieldRules, CaseIsIgnoredForLettersOnly) {
    EXPECT_TRUE(equal_ignoring_case("", ""));
    EXPECT_TRUE(equal_ignoring_case("aZ-09", "Az-09"));
    EXPECT_FALSE(equal_ignoring_case("a", "ab"));
    EXPECT_FALSE(equal_ignoring_case("@", "`"));
    EXPECT_FALSE(equal_ignoring_case("[", "{"));
    EXPECT_FALSE(equal_ignoring_case("\xc4", "\xe4"));
}

TEST(FieldRules, AListGivesItsElementsWithoutBlanks) {
    std::string_view list = " a ,, b\t,c";
    EXPECT_EQ(take_list_element(list), "a");
    EXPECT_EQ(take_list_element(list), "");
    EXPECT_EQ(take_list_element(list), "b");
    EXPECT_EQ(take_list_element(list), "c");
    EXPECT_TRUE(list.empty());
}

TEST(FieldRules, BlanksAreTrimmedAtBothEnds) {
    EXPECT_EQ(trim_blanks(" \ta b\t "), "a b");
    EXPECT_EQ(trim_blanks(" \t "), "");
    EXPECT_EQ(trim_blanks("\n"), "\n");
}

}  // namespace
}  // namespace inlay
