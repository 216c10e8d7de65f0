// Entity tags and dates: how they are written and when they match.
#include "serve/etag.hpp"

#include <gtest/gtest.h>

#include <string>

namespace inlay {
namespace {

std::string date(int64_t unix_seconds) {
    const auto text = http_date(unix_seconds);
    return std::string(text.view());
}

TEST(EntityTag, IsTheVersionInQuotes) {
    const auto shortest = etag_of("7"), whole = etag_of("00000001deadbeef0000000000000001");
    EXPECT_EQ(shortest.view(), "\"7\"");
    EXPECT_EQ(whole.view(), "\"00000001deadbeef0000000000000001\"");
}

TEST(EntityTag, IsWeakWhereAsked) {
    const auto tag = etag_of("00000001deadbeef0000000000000001", TagStrength::weak);
    EXPECT_EQ(tag.view(), "W/\"00000001deadbeef0000000000000001\"");
    EXPECT_FALSE(matches_strong("\"00000001deadbeef0000000000000001\"", tag.view()));
    EXPECT_TRUE(matches_weak("\"00000001deadbeef0000000000000001\"", tag.view()));
}

TEST(EntityTag, MatchesInAListOfAnyShape) {
    for (auto list : {R"(*)", R"( * )", R"("7")", R"("1","7")", R"("1" , "7")", R"(, ,"7",)", R"(W/"1", "7")",
                      R"("a,b","7")", R"("W/","7")", R"("","7")", R"("\","7")", "\"\xff\",\"7\""}) {
        EXPECT_TRUE(matches_strong(list, "\"7\"")) << list;
        EXPECT_TRUE(matches_weak(list, "\"7\"")) << list;
    }
}

TEST(EntityTag, DoesNotMatchAnotherOrAMalformedList) {
    for (auto list : {R"()",       R"( )",       R"(,)",         R"(7)",     R"("70")", R"("07")",  R"("7)",
                      R"(7")",     R"('7')",     R"(w/"7")",     R"(W/ "7")", R"(W/)",   R"("1" "7")", R"("1"x,"7")",
                      R"(x,"7")", R"("a b","7")", R"("1",*)", R"(**)",    R"("7"")", R"("\"7")"}) {
        EXPECT_FALSE(matches_strong(list, "\"7\"")) << list;
        EXPECT_FALSE(matches_weak(list, "\"7\"")) << list;
    }
}

TEST(EntityTag, ComparesWeakTagsOnlyWeakly) {
    EXPECT_FALSE(matches_strong("W/\"7\"", "\"7\""));
    EXPECT_FALSE(matches_strong("\"7\"", "W/\"7\""));
    EXPECT_FALSE(matches_strong("W/\"7\"", "W/\"7\""));
    EXPECT_TRUE(matches_weak("W/\"7\"", "\"7\""));
    EXPECT_TRUE(matches_weak("\"7\"", "W/\"7\""));
    EXPECT_TRUE(matches_weak("W/\"7\"", "W/\"7\""));
}

TEST(HttpDate, IsAnImfFixdate) {
    EXPECT_EQ(date(784'111'777), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(date(951'782'399), "Mon, 28 Feb 2000 23:59:59 GMT");
    EXPECT_EQ(date(951'782'400), "Tue, 29 Feb 2000 00:00:00 GMT");
    EXPECT_EQ(date(4'107'542'400), "Mon, 01 Mar 2100 00:00:00 GMT");
    EXPECT_EQ(date(1'735'689'599), "Tue, 31 Dec 2024 23:59:59 GMT");
}

TEST(HttpDate, StaysBetween1970And9999) {
    EXPECT_EQ(date(-1), date(0));
    EXPECT_EQ(date(INT64_MIN), date(0));
    EXPECT_EQ(date(253'402'300'799), "Fri, 31 Dec 9999 23:59:59 GMT");
    EXPECT_EQ(date(INT64_MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
}

}  // namespace
}  // namespace inlay
