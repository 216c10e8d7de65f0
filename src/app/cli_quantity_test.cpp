// Quantities: what is understood, what is refused, and how they are shown.
#include "app/cli_quantity.hpp"

#include <gtest/gtest.h>

namespace inlay::cli {
namespace {

TEST(CliSizes, AreBytesOrPowersOf1024) {
    EXPECT_EQ(parse_size_bytes("0"), 0u);
    EXPECT_EQ(parse_size_bytes("4096"), 4096u);
    EXPECT_EQ(parse_size_bytes("64K"), 65536u);
    EXPECT_EQ(parse_size_bytes("64MiB"), 64u << 20);
    EXPECT_EQ(parse_size_bytes("64M"), 64u << 20);
    EXPECT_EQ(parse_size_bytes("1gib"), 1u << 30);
    EXPECT_EQ(parse_size_bytes("18446744073709551615"), UINT64_MAX);
}

TEST(CliSizes, RefuseGuessesAndOverflow) {
    for (auto text : {"", "M", "-1", "+1", " 1", "1 M", "1.5G", "64MB", "64Mi", "0x10", "18446744073709551616",
                      "17179869184GiB"})
        EXPECT_FALSE(parse_size_bytes(text)) << text;
}

TEST(CliDurations, NeedAUnit) {
    EXPECT_EQ(parse_duration_ms("500ms"), 500u);
    EXPECT_EQ(parse_duration_ms("30s"), 30'000u);
    EXPECT_EQ(parse_duration_ms("2m"), 120'000u);
    EXPECT_EQ(parse_duration_ms("1h"), 3'600'000u);
    for (auto text : {"", "500", "s", "-1s", "1.5s", "1 s", "1d", "18446744073709551615s"})
        EXPECT_FALSE(parse_duration_ms(text)) << text;
}

TEST(CliQuantities, AreShownInTheLargestFittingUnit) {
    EXPECT_EQ(format_size(17), "17 B");
    EXPECT_EQ(format_size(1536), "1.5 KiB");
    EXPECT_EQ(format_size(64u << 20), "64.0 MiB");
    EXPECT_EQ(format_size(uint64_t{3} << 30), "3.0 GiB");
    EXPECT_EQ(format_duration(500), "500 ms");
    EXPECT_EQ(format_duration(30'000), "30 s");
    EXPECT_EQ(format_duration(90'000), "90 s");
    EXPECT_EQ(format_duration(120'000), "2 m");
    EXPECT_EQ(format_duration(0), "0 ms");
}

TEST(CliQuantities, CountsHaveACommaBeforeEveryThirdDigit) {
    EXPECT_EQ(format_count(0), "0");
    EXPECT_EQ(format_count(999), "999");
    EXPECT_EQ(format_count(1000), "1,000");
    EXPECT_EQ(format_count(123456), "123,456");
    EXPECT_EQ(format_count(1234567), "1,234,567");
}

TEST(CliDates, OfHttpBecomeRfc3339AndOthersStay) {
    EXPECT_EQ(http_date_to_rfc3339("Sun, 06 Nov 1994 08:49:37 GMT"), "1994-11-06T08:49:37Z");
    EXPECT_EQ(http_date_to_rfc3339("yesterday"), "yesterday");
}

}  // namespace
}  // namespace inlay::cli
