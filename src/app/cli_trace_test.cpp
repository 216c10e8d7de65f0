// Traces as trees.
#include "app/cli_trace.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace inlay::cli {
namespace {

nlohmann::ordered_json span_of(const char* id, const char* parent, const char* function, uint64_t began_us) {
    return {{"id", id}, {"parent", parent}, {"function", function}, {"step", nullptr}, {"place", "lane"}, {"ending", "200"}, {"attempts", 1},
            {"began_us", began_us}, {"took_us", 1234}, {"cpu_us", 5}, {"mapped", 65536}, {"copied", 0}};
}

TEST(TraceTree, HasEachCallBelowItsCallerInTheOrderOfTheirBeginnings) {
    nlohmann::ordered_json trace = {{"trace", "x"}, {"left_out", 3}, {"spans", {span_of("c", "b", "third", 30), span_of("d", "a", "fourth", 40), span_of("b", "a", "second", 20), span_of("a", "9", "first", 0)}}};
    trace["spans"][1]["step"] = "add[1]";
    trace["spans"][1]["attempts"] = 2;
    const auto text = trace_tree(trace);
    EXPECT_NE(text.find("\nfirst "), text.npos) << text;
    EXPECT_NE(text.find("\n|- second "), text.npos) << text;
    EXPECT_NE(text.find("\n|  `- third "), text.npos) << text;
    EXPECT_NE(text.find("\n`- add[1]: fourth  200 (attempt 2)"), text.npos) << text;
    EXPECT_NE(text.find("1.23 ms"), text.npos) << text;
    EXPECT_NE(text.find("64.0 KiB"), text.npos) << text;
    EXPECT_NE(text.find("and 3 calls more"), text.npos) << text;
    EXPECT_LT(text.find("second"), text.find("fourth"));
}

TEST(TraceTree, OfCirclesEnds) {
    nlohmann::ordered_json trace = {{"trace", "x"}, {"left_out", 0}, {"spans", {span_of("a", "a", "own", 0), span_of("b", "c", "one", 0), span_of("c", "b", "two", 0)}}};
    EXPECT_NE(trace_tree(trace).find("own"), std::string::npos);
}

TEST(TraceIds, AreNewAndWellFormed) {
    const auto id = new_trace_id();
    EXPECT_EQ(id.size(), 32u);
    EXPECT_NE(id, new_trace_id());
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), id.npos);
    EXPECT_EQ(traceparent_of(id), "00-" + id + "-" + id.substr(16) + "-01");
}

}  // namespace
}  // namespace inlay::cli
