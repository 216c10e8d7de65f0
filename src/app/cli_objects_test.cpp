// Object commands: versions out of ETags.
#include "app/cli_objects.hpp"

#include <gtest/gtest.h>

namespace inlay::cli {
namespace {

TEST(Versions, AreETagsWithoutTheirQuotes) {
    EXPECT_EQ(etag_to_version("\"0123abc\""), "0123abc");
    EXPECT_EQ(etag_to_version("W/\"7\""), "7");
    EXPECT_EQ(etag_to_version("bare"), "bare");
    EXPECT_EQ(etag_to_version("\""), "\"");
    EXPECT_EQ(etag_to_version(""), "");
}

}  // namespace
}  // namespace inlay::cli
