// Progress: the line that is drawn.
#include "app/cli_progress.hpp"

#include <gtest/gtest.h>

namespace inlay::cli {
namespace {

constexpr uint64_t kMiB = 1u << 20;

TEST(ProgressLines, ShowShareAndBytes) {
    EXPECT_EQ(progress_line("put b/k", 32 * kMiB, 64 * kMiB, 79),
              "put b/k  [###############---------------]   50 %  32.0 MiB of 64.0 MiB");
    EXPECT_EQ(progress_line("get", 0, 64 * kMiB, 79), "get  [------------------------------]    0 %  0 B of 64.0 MiB");
}

TEST(ProgressLines, WithoutATotalShowTheBytes) {
    EXPECT_EQ(progress_line("put b/k", 9 * kMiB, std::nullopt, 79), "put b/k  9.0 MiB");
}

TEST(ProgressLines, NeverPassTheEdgeOrOneHundredPercent) {
    EXPECT_EQ(progress_line(std::string(200, 'k'), kMiB, 9 * kMiB, 79).size(), 79u);
    EXPECT_NE(progress_line("x", 99 * kMiB, 9 * kMiB, 79).find("100 %"), std::string::npos);
}

TEST(ShownContent, IsPassedOnUnchanged) {
    TextSource text("abc");
    ShownSource source(text, "put");
    char piece[8];
    EXPECT_EQ(source.size_bytes(), 3u);
    EXPECT_EQ(source.read(piece), 3u);
    TextSink kept(10);
    ShownSink sink(kept, "get");
    sink.begin(3);
    sink.write("xyz");
    EXPECT_EQ(kept.text(), "xyz");
}

}  // namespace
}  // namespace inlay::cli
