// Costs: the field of the response, read and shown.
#include "app/cli_cost.hpp"

#include <gtest/gtest.h>

namespace inlay::cli {
namespace {

constexpr std::string_view kField = "mapped=50331648, copied=0, private=4096, instantiate_us=5, run_us=20133";

TEST(Costs, AreReadInAnyOrderWithUnknownMembersPassedOver) {
    Cost expected{50331648, 0, 4096, 5, 20133};
    EXPECT_EQ(parse_cost(kField), expected);
    EXPECT_EQ(parse_cost("run_us=20133,queue_us=7 ,flag, instantiate_us=5,\tprivate=4096,copied=0,mapped=50331648"), expected);
}

TEST(Costs, AreNothingWhenAMemberIsMissingOrMalformed) {
    for (auto field : {"", "mapped=1", "mapped=x, copied=0, private=0, instantiate_us=5, run_us=1",
                       "mapped=-1, copied=0, private=0, instantiate_us=5, run_us=1",
                       "mapped=1, copied=0, private=0, instantiate_us=5, run_us=18446744073709551616"})
        EXPECT_FALSE(parse_cost(field)) << field;
}

TEST(Costs, AreShownWithUnits) {
    EXPECT_EQ(format_cost(*parse_cost(kField)),
              "cost: mapped 50,331,648 bytes, copied 0 bytes, private 4,096 bytes, instantiated in 5 us, ran for 20,133 us");
}

}  // namespace
}  // namespace inlay::cli
