// Lists of texts: all of them, in order, however the last one ends.
#include "base/text_list.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace inlay {
namespace {

using namespace std::string_view_literals;

std::vector<std::string> texts_of(std::string_view list) {
    std::vector<std::string> all;
    while (!list.empty()) all.emplace_back(take_text(list));
    return all;
}

TEST(TextList, GivesEachOnce) {
    using List = std::vector<std::string>;
    EXPECT_EQ(texts_of(""), List());
    EXPECT_EQ(texts_of("A=1\0B=2\0"sv), List({"A=1", "B=2"}));
    EXPECT_EQ(texts_of("A=1\0B=2"sv), List({"A=1", "B=2"})) << "the last end is missing";
    EXPECT_EQ(texts_of("\0\0x\0"sv), List({"", "", "x"}));
}

}  // namespace
}  // namespace inlay
