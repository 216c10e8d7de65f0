#include "os/aligned_view.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "os/memfd.hpp"

namespace inlay::os {
namespace {

TEST(AlignedView, ShowsAFileWhereHugePagesCanServeIt) {
    std::string content = "content" + std::string(3 * page_size(), 'x');
    auto file = create_memfd_of("aligned-view", content).value();
    auto view = AlignedView::create(file.get(), content.size(), Access::read, Sharing::private_).value();
    EXPECT_EQ(reinterpret_cast<uintptr_t>(view.data()) % kHugePageBytes, 0u);
    EXPECT_EQ(view.size(), 4 * page_size());
    EXPECT_EQ(std::memcmp(view.data(), content.data(), content.size()), 0);
}

TEST(AlignedView, StaysWhereItIsWhenItsOwnerMoves) {
    auto file = create_memfd_of("aligned-view", "content").value();
    auto view = AlignedView::create(file.get(), 7, Access::read, Sharing::shared).value();
    uint8_t* at = view.data();
    AlignedView moved = std::move(view);
    EXPECT_EQ(moved.data(), at);
    EXPECT_EQ(at[0], 'c');
}

TEST(AlignedView, IsAnErrorForWhatIsNoFile) {
    EXPECT_FALSE(AlignedView::create(-1, 1, Access::read, Sharing::shared).ok());
    EXPECT_FALSE(AlignedView::create(-1, uint64_t{1} << 62, Access::read, Sharing::shared).ok());
}

}  // namespace
}  // namespace inlay::os
