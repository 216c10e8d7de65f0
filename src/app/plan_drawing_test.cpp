// Drawings: every step and every edge is there, in whichever form, and texts are quoted.
#include "app/plan_drawing.hpp"

#include <gtest/gtest.h>

namespace inlay::cli {
namespace {

constexpr std::string_view kPlan = R"([pipeline]
store = "o/out/<{rest}>"
[step.cut]
function = "wc"
query = "a=\"1\"&b=2"
each = { split = "o/in/{rest}", by = "lines", pieces = 4 }
[step.other]
function = "wc"
each = { keys = "o/logs/2026/" }
retries = 2
[step.add]
function = "sum"
inputs = ["cut", "request"]
after = ["other"]
when = { step = "cut", is_empty = false }
)";

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

class PlanDrawingTest : public testing::Test {
  protected:
    registry::Plan plan_ = registry::Plan::parse(kPlan).value();
    PlanDrawing drawing_{plan_};
};

TEST_F(PlanDrawingTest, AsTextHasALineForEachStepByStages) {
    const auto text = drawing_.text();
    EXPECT_LT(text.find("cut"), text.find("add"));
    for (auto part : {"for each piece of o/in/{rest}, by lines, 4 pieces", "for each o/logs/2026/*; 2 retries", "cut, request", "if cut is not empty",
                      "    3  o/out/<{rest}>"})
        EXPECT_TRUE(has(text, part)) << part << "\n" << text;
}

TEST_F(PlanDrawingTest, AsDotQuotesAndDashesWhatOnlyWaits) {
    const auto text = drawing_.dot("a \"name\"");
    for (auto part : {"digraph \"a \\\"name\\\"\"", "a=\\\"1\\\"&b=2", "[style = dashed]", "shape = plaintext"}) EXPECT_TRUE(has(text, part)) << part << "\n" << text;
}

TEST_F(PlanDrawingTest, AsSvgEscapes) {
    const auto text = drawing_.svg("<name>");
    for (auto part : {"<title>&lt;name&gt;</title>", "a=&quot;1&quot;&amp;b=2", "stroke-dasharray", ">o/out/&lt;{rest}&gt;</text>"})
        EXPECT_TRUE(has(text, part)) << part << "\n" << text;
    EXPECT_FALSE(has(text, "<{rest}>"));
}

TEST(DescribeEach, SaysWhatAStepIsCalledFor) {
    auto described = [](const std::string& each) {
        auto plan = registry::Plan::parse("[step.one]\nfunction = \"f\"\n[step.two]\nfunction = \"f\"\neach = " + each).value();
        return describe_each(plan, plan.steps[1].each);
    };
    EXPECT_EQ(described("{ list = [\"a\", \"b\"] }"), "for each of 2");
    EXPECT_EQ(described("{ results = \"one\" }"), "for each result of one");
    EXPECT_EQ(described("{ split = \"request\", by = \"records\", record_bytes = 8, piece_bytes = 800 }"), "for each piece of request, by records, 800 bytes each");
}

}  // namespace
}  // namespace inlay::cli
