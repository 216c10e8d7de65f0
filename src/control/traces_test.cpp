#include "control/traces.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace inlay::control {
namespace {

std::string id_of(size_t number) {
    auto digits = std::to_string(number);
    return std::string(32 - digits.size(), '0') + digits;
}

registry::Trace trace_of(size_t number, size_t spans = 1) {
    registry::Trace trace{id_of(number), {}};
    for (size_t i = 0; i < spans; i++) trace.spans.add({.id = i, .function = "f"});
    return trace;
}

TEST(Traces, AreFoundByTheirIdsAndListedFromTheLatestOn) {
    Traces traces;
    EXPECT_EQ(traces.find(id_of(1)), nullptr);
    for (size_t i = 1; i <= 3; i++) traces.add(trace_of(i), 100 + i);
    ASSERT_NE(traces.find(id_of(2)), nullptr);
    EXPECT_EQ(traces.find(id_of(2))->wall_ms, 102u);
    auto latest = traces.latest(2);
    ASSERT_EQ(latest.size(), 2u);
    EXPECT_EQ(latest[0]->id, id_of(3));
    EXPECT_EQ(latest[1]->id, id_of(2));
}

TEST(Traces, PutRequestsOfOneTraceTogether) {
    Traces traces;
    traces.add(trace_of(1), 100);
    traces.add(trace_of(2), 101);
    traces.add(trace_of(1, 2), 102);
    EXPECT_EQ(traces.find(id_of(1))->spans.list.size(), 3u);
    EXPECT_EQ(traces.latest(1)[0]->id, id_of(1));
}

TEST(Traces, ForgetTheOldest) {
    Traces traces;
    for (size_t i = 0; i <= kTracesMax; i++) traces.add(trace_of(i), i);
    EXPECT_EQ(traces.find(id_of(0)), nullptr);
    EXPECT_NE(traces.find(id_of(1)), nullptr);
    EXPECT_EQ(traces.latest(SIZE_MAX).size(), kTracesMax);
}

TEST(Traces, ForgetTheOldestWhereTheyHaveTooManySpans) {
    Traces traces;
    const size_t fit = kTraceSpansKeptMax / kTraceSpansMax;
    for (size_t i = 0; i <= fit; i++) traces.add(trace_of(i, kTraceSpansMax), i);
    EXPECT_EQ(traces.find(id_of(0)), nullptr);
    EXPECT_EQ(traces.latest(SIZE_MAX).size(), fit);
}

}  // namespace
}  // namespace inlay::control
