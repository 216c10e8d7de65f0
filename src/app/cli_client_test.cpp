// The client's small parts: where things are, and members of answers as text.
#include "app/cli_client.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace inlay::cli {
namespace {

TEST(Targets, EncodeNamesAndKeepTheSlashesOfKeys) {
    EXPECT_EQ(function_target("wc"), "/v1/functions/wc");
    EXPECT_EQ(object_target("b", "a/b c?.txt"), "/o/b/a/b%20c%3F.txt");
    EXPECT_EQ(object_target("b", "a//\xc3\xa4"), "/o/b/a//%C3%A4");
}

TEST(Members, AreTextWhateverTheyAre) {
    nlohmann::ordered_json document{{"number", 3}, {"text", "v3"}, {"nothing", nullptr}};
    EXPECT_EQ(member_text(document, "number"), "3");
    EXPECT_EQ(member_text(document, "text"), "v3");
    EXPECT_EQ(member_text(document, "nothing"), "-");
    EXPECT_EQ(member_text(document, "absent"), "-");
    EXPECT_EQ(member_text(nullptr, "absent"), "-");
}

}  // namespace
}  // namespace inlay::cli
