// Names: what is allowed and what is refused.
#include "base/names.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace inlay {
namespace {

TEST(Names, AcceptThePublishedAlphabetUpTo255Bytes) {
    EXPECT_TRUE(check_name("bucket", "a").ok());
    EXPECT_TRUE(check_name("bucket", "A.b_c-9").ok());
    EXPECT_TRUE(check_name("bucket", "...").ok());
    EXPECT_TRUE(check_name("bucket", std::string(kNameBytesMax, 'x')).ok());
}

TEST(Names, RefuseEverythingElseAndNameTheThing) {
    for (std::string name : {std::string(""), std::string("."), std::string(".."), std::string("a/b"), std::string("a b"),
                             std::string("\xc3\xa4"), std::string("a\0b", 3), std::string(kNameBytesMax + 1, 'x')}) {
        auto result = check_name("function", name);
        ASSERT_FALSE(result.ok()) << name;
        EXPECT_EQ(result.error().code, Errc::bad_name);
        EXPECT_NE(result.error().detail.find("function name"), std::string::npos);
    }
}

TEST(Keys, AllowSlashesAndUtf8) {
    EXPECT_TRUE(check_key("a/b/c.txt").ok());
    EXPECT_TRUE(check_key("\xf0\x9f\x98\x80/\xe2\x82\xac").ok());
    EXPECT_TRUE(check_key("a//b").ok());
    EXPECT_TRUE(check_key(std::string(kKeyBytesMax, 'k')).ok());
}

TEST(Keys, RefuseDotSegmentsControlBytesAndBadUtf8) {
    for (std::string key : {std::string(""), std::string("."), std::string("a/.."), std::string("../a"), std::string("a/./b"),
                            std::string("a\nb"), std::string("a\0b", 3), std::string("a\x7f"), std::string("\xc0\xaf"),
                            std::string("\xed\xa0\x80"), std::string("\xf5\x80\x80\x80"), std::string("\xe2\x82"),
                            std::string(kKeyBytesMax + 1, 'k')})
        EXPECT_FALSE(check_key(key).ok()) << key;
}

TEST(ObjectNames, SplitAtTheFirstSlash) {
    auto name = parse_object_name("bucket/some/key");
    ASSERT_TRUE(name.ok());
    EXPECT_EQ(name->bucket, "bucket");
    EXPECT_EQ(name->key, "some/key");
    EXPECT_FALSE(parse_object_name("bucket").ok());
    EXPECT_FALSE(parse_object_name("/key").ok());
    EXPECT_FALSE(parse_object_name("bucket/").ok());
}

}  // namespace
}  // namespace inlay
