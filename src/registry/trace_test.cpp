#include "registry/trace.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace inlay::registry {
namespace {

constexpr std::string_view kId = "0af7651916cd43dd8448eb211c80319c";

TEST(TraceParent, IsReadAsTheStandardWritesIt) {
    auto parent = parse_trace_parent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    ASSERT_TRUE(parent);
    EXPECT_EQ(parent->trace.text(), kId);
    EXPECT_EQ(parent->span, 0xb7ad6b7169203331u);
    EXPECT_TRUE(parent->sampled);
    EXPECT_FALSE(parse_trace_parent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02")->sampled);
    EXPECT_TRUE(parse_trace_parent("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"));
    EXPECT_EQ(trace_parent(kId, 0xab), "00-0af7651916cd43dd8448eb211c80319c-00000000000000ab-01");
}

TEST(TraceParent, IsNoneInAnyOtherForm) {
    for (auto text : {"", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0", "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                      "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                      "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
                      "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01more", "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"})
        EXPECT_FALSE(parse_trace_parent(text)) << text;
}

Span span_of(uint64_t id) {
    Span span;
    span.id = id;
    span.function = "f" + std::to_string(id);
    span.took_ns = id * 10;
    return span;
}

TEST(Spans, KeepTheLatestWhereThereIsNoRoom) {
    Spans spans;
    for (uint64_t i = 0; i < kTraceSpansMax + 5; i++) spans.add(span_of(i));
    EXPECT_EQ(spans.list.size(), kTraceSpansMax);
    EXPECT_EQ(spans.left_out, 5u);
    EXPECT_EQ(spans.list.back().id, kTraceSpansMax + 4);
    Spans all;
    all.add(Spans(spans));
    all.add(std::move(spans));
    EXPECT_EQ(all.list.size(), kTraceSpansMax);
    EXPECT_EQ(all.left_out, 5u + 5u + kTraceSpansMax);
}

TEST(Trace, ComesOutOfAMessageAsItWentIn) {
    Trace trace{std::string(kId), {}};
    trace.spans.left_out = 3;
    for (uint64_t i = 0; i < 4; i++) trace.spans.add(span_of(i));
    WireWriter writer;
    write(writer, trace);
    const std::string bytes = writer.take();
    Trace copy;
    WireReader reader(bytes);
    read(reader, copy);
    ASSERT_TRUE(reader.finished());
    EXPECT_EQ(copy.id, kId);
    EXPECT_EQ(copy.spans.left_out, 3u);
    ASSERT_EQ(copy.spans.list.size(), 4u);
    EXPECT_EQ(copy.spans.list[2].function, "f2");
    EXPECT_EQ(copy.spans.list[2].took_ns, 20u);
    for (size_t length = 0; length < bytes.size(); length++) {
        Trace cut;
        WireReader part(std::string_view(bytes).substr(0, length));
        read(part, cut);
        EXPECT_FALSE(part.finished()) << length;
    }
}

TEST(Trace, OfAnotherFormIsNotRead) {
    auto reads = [](const std::string& id, uint64_t count) {
        WireWriter writer;
        writer.bytes(id).number(0).number(count);
        const std::string bytes = writer.take();
        Trace trace;
        WireReader reader(bytes);
        read(reader, trace);
        return reader.finished();
    };
    EXPECT_FALSE(reads(std::string(kId), 0)) << "no span";
    EXPECT_FALSE(reads(std::string(kId), kTraceSpansMax + 1));
    EXPECT_FALSE(reads("no id", 0));
}

}  // namespace
}  // namespace inlay::registry
