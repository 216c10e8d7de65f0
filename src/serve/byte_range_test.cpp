// Byte ranges: which part of an object each header asks for.
#include "serve/byte_range.hpp"

#include <gtest/gtest.h>

namespace inlay {
namespace {

constexpr ByteRange kWhole{ByteRange::Kind::whole, 0, 0};
constexpr ByteRange kUnsatisfiable{ByteRange::Kind::unsatisfiable, 0, 0};

ByteRange part(uint64_t first, uint64_t length) { return {ByteRange::Kind::part, first, length}; }

TEST(ByteRange, GivesTheBytesFromFirstToLastCutAtTheEnd) {
    EXPECT_EQ(parse_byte_range("bytes=0-0", 10), part(0, 1));
    EXPECT_EQ(parse_byte_range("bytes=2-5", 10), part(2, 4));
    EXPECT_EQ(parse_byte_range("BYTES=9-9", 10), part(9, 1));
    EXPECT_EQ(parse_byte_range("bytes=2-10", 10), part(2, 8));
    EXPECT_EQ(parse_byte_range("bytes=2-", 10), part(2, 8));
    EXPECT_EQ(parse_byte_range("bytes=0-", 10), part(0, 10));
    EXPECT_EQ(parse_byte_range("bytes= 002-05\t", 10), part(2, 4));
}

TEST(ByteRange, GivesTheLastBytesAtMostAllOfThem) {
    EXPECT_EQ(parse_byte_range("bytes=-1", 10), part(9, 1));
    EXPECT_EQ(parse_byte_range("bytes=-10", 10), part(0, 10));
    EXPECT_EQ(parse_byte_range("bytes=-11", 10), part(0, 10));
}

TEST(ByteRange, IsUnsatisfiableBehindTheEndAndForNoBytes) {
    EXPECT_EQ(parse_byte_range("bytes=10-", 10), kUnsatisfiable);
    EXPECT_EQ(parse_byte_range("bytes=10-20", 10), kUnsatisfiable);
    EXPECT_EQ(parse_byte_range("bytes=-0", 10), kUnsatisfiable);
    EXPECT_EQ(parse_byte_range("bytes=0-", 0), kUnsatisfiable);
    EXPECT_EQ(parse_byte_range("bytes=-0", 0), kUnsatisfiable);
}

TEST(ByteRange, TakesTheLastBytesOfAnEmptyObjectForTheWhole) { EXPECT_EQ(parse_byte_range("bytes=-5", 0), kWhole); }

TEST(ByteRange, IgnoresWhatItDoesNotUnderstandOrOffer) {
    for (auto header : {"",           "bytes",      "bytes=",     "bytes= ",       "bytes=-",    "bytes=5",
                        "bytes=5-2",  "bytes=a-b",  "bytes=1-b",  "bytes=0-1-2",   "bytes=--1",  "bytes=-1-",
                        "bytes=+1-2", "bytes=1 - 2", "bytes=0x1-2", "bytes 0-1",    "bytes =0-1", " bytes=0-1",
                        "bytes:0-1",  "lines=0-1",  "bytes=0-1,", "bytes=0-1,3-4", "bytes=,0-1", "bytes=\xff-1"})
        EXPECT_EQ(parse_byte_range(header, 10), kWhole) << header;
}

TEST(ByteRange, NeverOverflows) {
    EXPECT_EQ(parse_byte_range("bytes=0-18446744073709551615", UINT64_MAX), part(0, UINT64_MAX));
    EXPECT_EQ(parse_byte_range("bytes=0-99999999999999999999999", 10), part(0, 10));
    EXPECT_EQ(parse_byte_range("bytes=18446744073709551614-", UINT64_MAX), part(UINT64_MAX - 1, 1));
    EXPECT_EQ(parse_byte_range("bytes=18446744073709551615-", UINT64_MAX), kUnsatisfiable);
    EXPECT_EQ(parse_byte_range("bytes=99999999999999999999999-", UINT64_MAX), kUnsatisfiable);
    EXPECT_EQ(parse_byte_range("bytes=-99999999999999999999999", 10), part(0, 10));
    for (auto inverted : {"bytes=99999999999999999999999-99999999999999999999998", "bytes=99999999999999999999999-18446744073709551615",
                          "bytes=100000000000000000000000-00099999999999999999999999", "bytes=18446744073709551616-0"})
        EXPECT_EQ(parse_byte_range(inverted, 10), kWhole) << inverted;
    EXPECT_EQ(parse_byte_range("bytes=0099999999999999999999999-99999999999999999999999", 10), kUnsatisfiable);
}

}  // namespace
}  // namespace inlay
