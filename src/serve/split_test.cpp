// Split: pieces are whole, none is empty, and together they are the content.
#include "serve/split.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "base/limits.hpp"

namespace inlay::serve {
namespace {

using registry::Each;
using Targets = std::vector<uint64_t>;

Each by_pieces(uint64_t pieces, Each::By by = Each::By::bytes, uint64_t record_bytes = 1) {
    Each each;
    each.kind = Each::Kind::split;
    each.by = by;
    each.pieces = pieces;
    each.record_bytes = record_bytes;
    return each;
}

Each by_size(uint64_t piece_bytes, Each::By by = Each::By::bytes, uint64_t record_bytes = 1) {
    Each each = by_pieces(0, by, record_bytes);
    each.piece_bytes = piece_bytes;
    return each;
}

TEST(SplitTargets, AreAsManyOrAsFarApartAsIsAskedFor) {
    EXPECT_EQ(split_targets(10, by_pieces(3)).value(), (Targets{3, 6, 10}));
    EXPECT_EQ(split_targets(10, by_pieces(1)).value(), (Targets{10}));
    EXPECT_EQ(split_targets(3, by_pieces(10)).value(), (Targets{1, 2, 3}));
    EXPECT_EQ(split_targets(10, by_size(4)).value(), (Targets{4, 8, 10}));
    EXPECT_EQ(split_targets(8, by_size(4)).value(), (Targets{4, 8}));
    EXPECT_EQ(split_targets(8, by_size(UINT64_MAX)).value(), (Targets{8}));
    EXPECT_EQ(split_targets(0, by_pieces(3)).value(), Targets{});
    EXPECT_EQ(split_targets(0, by_size(3)).value(), Targets{});
}

TEST(SplitTargets, OfRecordsAreBetweenThem) {
    EXPECT_EQ(split_targets(40, by_pieces(3, Each::By::records, 8)).value(), (Targets{8, 24, 40}));
    EXPECT_EQ(split_targets(40, by_size(17, Each::By::records, 8)).value(), (Targets{16, 32, 40}));
    EXPECT_EQ(split_targets(40, by_size(1, Each::By::records, 8)).value(), (Targets{8, 16, 24, 32, 40}));
    auto cut = split_targets(41, by_pieces(3, Each::By::records, 8));
    ASSERT_FALSE(cut.ok());
    EXPECT_NE(cut.error().detail.find("no whole records of 8"), std::string::npos);
}

TEST(SplitTargets, AreBounded) {
    EXPECT_EQ(split_targets(kStepItemsMax, by_size(1)).value().size(), kStepItemsMax);
    EXPECT_FALSE(split_targets(kStepItemsMax + 1, by_size(1)).ok());
    const auto large = split_targets(kStreamBytesMax, by_pieces(kStepItemsMax)).value();
    EXPECT_EQ(large.size(), kStepItemsMax);
    EXPECT_EQ(large.back(), kStreamBytesMax);
    EXPECT_TRUE(std::is_sorted(large.begin(), large.end()));
}

}  // namespace
}  // namespace inlay::serve
