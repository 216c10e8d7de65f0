// Encodings: every byte ends up in a form that its reader takes back.
#include "app/cli_encoding.hpp"

#include <gtest/gtest.h>

namespace inlay::cli {
namespace {

TEST(Queries, KeepOrderAndRepetition) {
    EXPECT_EQ(query_string({}), "");
    EXPECT_EQ(query_string({{"timeout_ms", "500"}, {"env", "K=V"}, {"env", "L=a&b"}}),
              "?timeout_ms=500&env=K%3DV&env=L%3Da%26b");
}

TEST(Base64, PadsToWholeGroups) {
    EXPECT_EQ(base64(""), "");
    EXPECT_EQ(base64("f"), "Zg==");
    EXPECT_EQ(base64("fo"), "Zm8=");
    EXPECT_EQ(base64("foo"), "Zm9v");
    EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
    EXPECT_EQ(base64("\xff\xfe"), "//4=");
}

TEST(Base64, IsReadBack) {
    std::string all;
    for (int byte = 0; byte < 256; byte++) all += static_cast<char>(byte);
    for (size_t length = 0; length <= all.size(); length++) EXPECT_EQ(from_base64(base64(all.substr(0, length))), all.substr(0, length));
    for (const char* text : {"Z", "Zg=", "Zg", "Z===", "Zm9v!A==", "Zg==Zg=="}) EXPECT_EQ(from_base64(text), std::nullopt) << text;
}

TEST(PrintableText, HasNothingThatATerminalObeys) {
    EXPECT_EQ(printable("plain \xe2\x82\xac\tand\nlines"), "plain \xe2\x82\xac\tand\nlines");
    EXPECT_EQ(printable("\x1b[31mred\r\x7f"), "?[31mred??");
    EXPECT_EQ(printable("\xc2\x9b" "31m\xff"), "?31m?");
}

TEST(FieldRules, RefuseWhatWouldEndTheLine) {
    EXPECT_TRUE(is_token("GET"));
    EXPECT_FALSE(is_token(""));
    EXPECT_FALSE(is_token("GET /"));
    EXPECT_TRUE(is_field_value("text/plain; charset=utf-8"));
    EXPECT_FALSE(is_field_value("text/plain\r\nX: y"));
}

}  // namespace
}  // namespace inlay::cli
