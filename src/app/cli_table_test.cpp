// Tables: alignment.
#include "app/cli_table.hpp"

#include <gtest/gtest.h>

namespace inlay::cli {
namespace {

TEST(Tables, AlignTheirColumns) {
    Table table({{"NAME"}, {"BYTES", Table::Align::right}, {"NOTE"}});
    table.add_row({"a", "1", ""});
    table.add_row({"long-name", "1,234,567", "x\x1b"});
    EXPECT_EQ(table.text(), "NAME           BYTES  NOTE\n"
                            "a                  1\n"
                            "long-name  1,234,567  x?\n");
}

TEST(Tables, CountCharactersAndNotBytes) {
    Table table({{"K"}, {"V"}});
    table.add_row({"\xc3\xa4", "1"});
    table.add_row({"bb", "2"});
    EXPECT_EQ(table.text(), "K   V\n\xc3\xa4   1\nbb  2\n");
}

TEST(Tables, WithoutRowsAreTheirTitles) { EXPECT_EQ(Table({{"A"}, {"B"}}).text(), "A  B\n"); }

}  // namespace
}  // namespace inlay::cli
