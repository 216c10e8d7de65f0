#include "registry/plan.hpp"

#include <gtest/gtest.h>

namespace inlay::registry {
namespace {

constexpr std::string_view kMapReduce = R"([pipeline]
result = "add"
store = "o/counts/{rest}"
content_type = "text/plain"

[step.add]
function = "wordfreq"
query = "merge=1"
inputs = ["count"]

[step.count]
function = "wordfreq"
query = "part={query.part}"
each = { split = "o/texts/{rest}", by = "lines", piece_bytes = 1_000_000 }
retries = 2
timeout_ms = 500
)";

std::string error_of(std::string_view text) {
    auto plan = Plan::parse(text);
    return plan.ok() ? "" : plan.error().detail;
}

std::string step(std::string_view more) { return "[step.one]\nfunction = \"f\"\n" + std::string(more) + "\n"; }

TEST(Plan, ReadsStepsAndPutsThemInOrder) {
    auto plan = Plan::parse(kMapReduce).value();
    ASSERT_EQ(plan.steps.size(), 2u);
    const auto& add = plan.steps[0];
    const auto& count = plan.steps[1];
    EXPECT_EQ(add.name, "add");
    EXPECT_EQ(plan.order, (std::vector<size_t>{1, 0}));
    EXPECT_EQ(plan.result, 0u);
    EXPECT_EQ(plan.store->source(), "counts/{rest}");
    EXPECT_EQ(plan.content_type, "text/plain");
    EXPECT_EQ(add.inputs.front().kind, PlanSource::Kind::step);
    EXPECT_EQ(add.inputs.front().step, 1u);
    EXPECT_EQ(count.line, 11u);
    EXPECT_EQ(count.each.kind, Each::Kind::split);
    EXPECT_EQ(count.each.by, Each::By::lines);
    EXPECT_EQ(count.each.piece_bytes, 1'000'000u);
    EXPECT_EQ(count.each.source.object.source(), "texts/{rest}");
    EXPECT_EQ(count.inputs.front().kind, PlanSource::Kind::each);
    EXPECT_EQ(count.retries, 2u);
    EXPECT_EQ(count.timeout_ms, 500u);
    EXPECT_EQ(plan.text, kMapReduce);
}

TEST(Plan, GivesTheRequestToAStepThatSaysNothingElseAndAnswersWithTheLast) {
    auto plan = Plan::parse("[step.one]\nfunction = \"f\"\n[step.two]\nfunction = \"g\"\n").value();
    EXPECT_EQ(plan.steps[0].inputs.front().kind, PlanSource::Kind::request);
    EXPECT_EQ(plan.result, 1u);
    EXPECT_FALSE(plan.store);
}

TEST(Plan, ReadsEveryKindOfFanOut) {
    EXPECT_EQ(Plan::parse(step("each = { list = [\"a\", \"b\"] }")).value().steps[0].each.list.size(), 2u);
    auto keys = Plan::parse(step("each = { keys = \"o/logs/2026/{query.day}\" }")).value().steps[0].each;
    EXPECT_EQ(keys.bucket, "logs");
    EXPECT_EQ(keys.prefix.source(), "2026/{query.day}");
    auto records = Plan::parse(step("each = { split = \"request\", by = \"records\", record_bytes = 16, pieces = 4 }")).value().steps[0].each;
    EXPECT_EQ(records.record_bytes, 16u);
    EXPECT_EQ(records.pieces, 4u);
    auto results = Plan::parse(step("") + "[step.two]\nfunction = \"f\"\neach = { results = \"one\" }").value().steps[1];
    EXPECT_EQ(results.each.kind, Each::Kind::results);
    EXPECT_EQ(results.after, std::vector<size_t>{0});
}

TEST(Plan, ReadsConditions) {
    auto when = [](const std::string& text) { return Plan::parse(step("") + "[step.two]\nfunction = \"f\"\nwhen = " + text).value().steps[1]; };
    EXPECT_EQ(when("{ step = \"one\", is_empty = true }").when.kind, When::Kind::is_empty);
    EXPECT_EQ(when("{ step = \"one\", is_empty = false }").when.kind, When::Kind::has_content);
    EXPECT_EQ(when("{ step = \"one\", status = 404 }").when.status, 404u);
    EXPECT_EQ(when("{ step = \"one\", status = 404 }").after, std::vector<size_t>{0});
    EXPECT_EQ(when("{ query = \"mode\", is = \"full\" }").when.kind, When::Kind::parameter);
}

struct Wrong {
    std::string text, error;
};

class WrongPlan : public testing::TestWithParam<Wrong> {};

TEST_P(WrongPlan, IsRefusedWithItsLineAndWhatToWrite) {
    const auto error = error_of(GetParam().text);
    EXPECT_NE(error.find(GetParam().error), std::string::npos) << error;
    EXPECT_TRUE(error.starts_with("pipeline, line ") || error.starts_with("pipeline: ")) << error;
}

INSTANTIATE_TEST_SUITE_P(All, WrongPlan, testing::Values(
    Wrong{"", "it has no steps"},
    Wrong{"\n# \xc3\xa4", "line 2: a plan is ASCII"},
    Wrong{"step = 3", "line 1: it has no steps"},
    Wrong{"[step.one", "line 1: "},
    Wrong{"[steps.one]", "line 1: a pipeline has no \"steps\": it has pipeline, step"},
    Wrong{"[step.one]\n", "line 1: step \"one\" names no function"},
    Wrong{"[step.one]\nfunction = 3", "line 2: function is a text"},
    Wrong{"[step.one]\nfunction = \"a/b\"", "line 2: "},
    Wrong{"[step]\none = 3", "line 2: step.one is no table"},
    Wrong{"[step.\"a b\"]\nfunction = \"f\"", "line 1: "},
    Wrong{"[step.each]\nfunction = \"f\"", "line 1: \"each\" is no name for a step"},
    Wrong{step("input = []"), "line 3: step \"one\" has no \"input\""},
    Wrong{step("inputs = [\"two\"]"), "line 3: there is no step \"two\""},
    Wrong{step("inputs = [\"each\"]"), "line 3: step \"one\" has no each"},
    Wrong{step("inputs = [3]"), "line 3: inputs are texts"},
    Wrong{step("inputs = \"request\""), "line 3: inputs is a list of at most 64"},
    Wrong{step("inputs = [\"b/k\"]"), "line 3: \"b/k\": objects are written o/BUCKET/KEY"},
    Wrong{step("inputs = [\"o/b/../k\"]"), "line 3: "},
    Wrong{step("inputs = [\"o/b/{key}\"]"), "line 3: \"b/{key}\": there is no {key}"},
    Wrong{step("query = \"a={rest\""), "line 3: \"a={rest\": a brace without its other one"},
    Wrong{step("each = 3"), "line 3: each is a table"},
    Wrong{step("each = {}"), "line 3: each has one of"},
    Wrong{step("each = { list = [1] }"), "line 3: a list is one of texts"},
    Wrong{step("each = { list = [], keys = \"o/b/\" }"), "line 3: each of keys has no \"list\""},
    Wrong{step("each = { keys = \"b/\" }"), "line 3: \"b/\": keys are written o/BUCKET/PREFIX"},
    Wrong{step("each = { split = \"each\", pieces = 2 }"), "line 3: what is split is"},
    Wrong{step("each = { split = \"request\" }"), "line 3: a split says pieces or piece_bytes"},
    Wrong{step("each = { split = \"request\", pieces = 2, piece_bytes = 3 }"), "line 3: a split says pieces or piece_bytes"},
    Wrong{step("each = { split = \"request\", pieces = 10_001 }"), "line 3: pieces is a number from 1 to 10000"},
    Wrong{step("each = { split = \"request\", pieces = 2, by = \"words\" }"), "line 3: by = \"words\""},
    Wrong{step("each = { split = \"request\", pieces = 2, by = \"records\" }"), "line 3: record_bytes goes with"},
    Wrong{step("each = { results = \"none\" }"), "line 3: there is no step \"none\""},
    Wrong{step("each = { results = 3 }"), "line 3: results is a text"},
    Wrong{step("each = { split = 3, pieces = 2 }"), "line 3: split is a text"},
    Wrong{step("each = { keys = 3 }"), "line 3: keys is a text"},
    Wrong{step("when = true"), "line 3: when is a table"},
    Wrong{step("when = { step = \"one\" }"), "line 3: when has step with"},
    Wrong{step("when = { step = \"x\", status = 200 }"), "line 3: there is no step \"x\""},
    Wrong{step("when = { step = \"one\", is_empty = 1 }"), "line 3: is_empty is true or false"},
    Wrong{step("after = [\"one\"]"), "line 1: steps wait for each other in a circle, or behind one: \"one\""},
    Wrong{step("after = [\"x\"]"), "line 3: there is no step \"x\""},
    Wrong{step("retries = 11"), "line 3: retries is a number from 0 to 10"},
    Wrong{step("retries = -1"), "line 3: retries is a number"},
    Wrong{step("timeout_ms = 0"), "line 3: timeout_ms is a number from 1"},
    Wrong{step("accepts = [200]"), "line 3: accepts is a list of statuses"},
    Wrong{step("") + "[pipeline]\nresult = \"x\"", "line 5: there is no step \"x\""},
    Wrong{step("") + "[pipeline]\nstore = \"x\"", "line 5: \"x\": objects are written"},
    Wrong{step("") + "[pipeline]\ncontent_type = \"a\\nb\"", "line 5: content_type is no media type"},
    Wrong{step("") + "[pipeline]\nname = \"x\"", "line 5: pipeline has no \"name\""},
    Wrong{"pipeline = 1\n" + step(""), "line 1: pipeline is a table"},
    Wrong{"[step.a]\nfunction = \"f\"\ninputs = [\"b\"]\n[step.b]\nfunction = \"f\"\ninputs = [\"a\"]", "line 1: steps wait for each other"}));

TEST(Plan, HasBounds) {
    std::string many;
    for (size_t i = 0; i <= kPlanStepsMax; i++) many += "[step.s" + std::to_string(i) + "]\nfunction = \"f\"\n";
    EXPECT_NE(error_of(many).find("more than 64 steps"), std::string::npos);
    EXPECT_NE(error_of("#" + std::string(kPlanBytesMax, 'x')).find("more than 65536 bytes"), std::string::npos);
    EXPECT_NE(error_of("[step.one]\na" + std::string(60'000, '.') + "a = 1").find("line 2: more than 200 dots"), std::string::npos);
    std::string inputs = "inputs = [";
    for (size_t i = 0; i <= kPlanInputsMax; i++) inputs += "\"request\",";
    EXPECT_NE(error_of(step(inputs + "]")).find("at most 64"), std::string::npos);
    EXPECT_NE(error_of(step("query = \"" + std::string(kCallQueryBytesMax + 1, 'q') + "\"")).find("query is too long"), std::string::npos);
}

TEST(Plan, HasOtherLettersInTexts) {
    EXPECT_EQ(Plan::parse(step("each = { list = [\"\\u00e4\"] }")).value().steps[0].each.list[0], "\xc3\xa4");
}

TEST(Template, KnowsTextFromPlaceholders) {
    auto made = Template::parse("a{rest}b{query.x}").value();
    ASSERT_EQ(made.parts().size(), 4u);
    EXPECT_EQ(made.parts()[1].kind, Template::Part::Kind::rest);
    EXPECT_EQ(made.parts()[3].text, "x");
    EXPECT_FALSE(made.is_fixed());
    EXPECT_TRUE(Template::parse("text").value().is_fixed());
    EXPECT_TRUE(Template::parse("").value().is_fixed());
    for (auto wrong : {"{", "}", "a}b{", "{query.}", "{x}", "{}"}) EXPECT_FALSE(Template::parse(wrong).ok()) << wrong;
}

}  // namespace
}  // namespace inlay::registry
