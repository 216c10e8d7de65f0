// Mappings, and pages placed at given addresses: what was asked for and not a page beside it.
#include "os/mapping.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "os/file.hpp"
#include "os/memfd.hpp"

namespace inlay::os {
namespace {

// Five pages of 'n' with room to place things in the middle.
class Place : public testing::Test {
  protected:
    Place() : area_(Mapping::create(file_.get(), 0, 5 * page_size(), Access::read_write, Sharing::private_).value()) {}
    uint8_t* page(size_t index) { return area_.data() + index * page_size(); }
    void expect_untouched_neighbours() {
        for (size_t i : {0u, 1u, 3u, 4u})
            for (size_t byte : {size_t{0}, page_size() - 1}) EXPECT_EQ(page(i)[byte], 'n') << i;
    }

    Fd file_ = create_memfd_of("mapping-test", std::string(5 * page_size(), 'n')).value();
    Mapping area_;
};

TEST_F(Place, ZeroPagesReplaceWhatLayThereAndNothingBeside) {
    ASSERT_TRUE(place_zero(page(2), page_size()).ok());
    EXPECT_EQ(page(2)[0], 0);
    page(2)[5] = 1;
    ASSERT_TRUE(place_zero(page(2), page_size()).ok());
    EXPECT_EQ(page(2)[5], 0) << "fresh ones";
    expect_untouched_neighbours();
}

TEST_F(Place, AFilesPagesReplaceWhatLayThereAndNothingBeside) {
    auto other = create_memfd_of("mapping-test", std::string(page_size(), 'a') + std::string(page_size(), 'b')).value();
    ASSERT_TRUE(place_file(page(2), {other.get(), page_size(), 10}, Access::read, Sharing::private_).ok());
    EXPECT_EQ(page(2)[0], 'b');
    EXPECT_EQ(page(2)[page_size() - 1], 'b') << "whole pages";
    expect_untouched_neighbours();
}

TEST_F(Place, SharedPagesAreWrittenThroughAndPrivateOnesAreNot) {
    auto other = create_memfd("mapping-test", page_size()).value();
    ASSERT_TRUE(place_file(page(2), {other.get(), 0, page_size()}, Access::read_write, Sharing::shared).ok());
    page(2)[0] = 's';
    EXPECT_EQ(read_from_start(other.get(), page_size()).value()[0], 's');
    ASSERT_TRUE(place_file(page(2), {other.get(), 0, page_size()}, Access::read_write, Sharing::private_).ok());
    page(2)[0] = 'p';
    EXPECT_EQ(read_from_start(other.get(), page_size()).value()[0], 's');
    expect_untouched_neighbours();
}

TEST_F(Place, NothingIsReadableWhereNothingWasPlaced) {
    ASSERT_TRUE(place_nothing(page(2), page_size()).ok());
    int pipe_ends[2];
    ASSERT_EQ(::pipe(pipe_ends), 0);
    EXPECT_EQ(::write(pipe_ends[1], page(2), 1), -1);
    EXPECT_EQ(errno, EFAULT);
    ::close(pipe_ends[0]), ::close(pipe_ends[1]);
    expect_untouched_neighbours();
    EXPECT_DEATH({ volatile uint8_t byte = *page(2); (void)byte; }, "");
}

TEST_F(Place, AReadOnlyPlaceCannotBeWritten) {
    ASSERT_TRUE(place_file(page(2), {file_.get(), 0, page_size()}, Access::read, Sharing::private_).ok());
    EXPECT_DEATH(page(2)[0] = 1, "");
}

TEST_F(Place, FailuresLeaveWhatLayThere) {
    EXPECT_EQ(place_file(page(2), {-1, 0, page_size()}, Access::read, Sharing::private_).error().code, Errc::io_error);
    EXPECT_FALSE(place_file(page(2), {file_.get(), 1, page_size()}, Access::read, Sharing::private_).ok()) << "unaligned offset";
    EXPECT_FALSE(place_zero(page(2) + 1, page_size()).ok()) << "unaligned address";
    EXPECT_FALSE(place_nothing(page(2) + 1, page_size()).ok());
    EXPECT_EQ(page(2)[0], 'n');
    expect_random_access(page(2) + 1, page_size());
    expect_untouched_neighbours();
}

TEST_F(Place, OnlyWrittenPagesOfAPrivateMappingArePrivate) {
    uint64_t sum = 0;
    for (size_t i = 0; i < 5; i++) sum += page(i)[0];
    EXPECT_EQ(sum, 5u * 'n');
    EXPECT_EQ(count_private_pages(page(0), 5 * page_size()), 0u);
    page(1)[0] = page(3)[7] = 'w';
    EXPECT_EQ(count_private_pages(page(0), 5 * page_size()), 2u);
    EXPECT_EQ(count_private_pages(page(1), page_size()), 1u);
    EXPECT_EQ(count_private_pages(page(2), page_size()), 0u);
}

TEST_F(Place, TwoMappingsOfOnePageHaveOneFrame) {
    auto second = Mapping::create(file_.get(), 0, 5 * page_size(), Access::read, Sharing::shared).value();
    ASSERT_EQ(second.data()[2 * page_size()], page(2)[0]);
    uint64_t frame = page_frame(page(2));
    if (frame == 0) GTEST_SKIP() << "the kernel hides frame numbers here";
    EXPECT_EQ(page_frame(page(2) + 5), frame) << "any address in the page";
    EXPECT_EQ(page_frame(second.data() + 2 * page_size()), frame);
    page(2)[0] = 'w';
    EXPECT_NE(page_frame(page(2)), frame) << "a copy of its own now";
    ASSERT_TRUE(place_nothing(page(2), page_size()).ok());
    EXPECT_EQ(page_frame(page(2)), 0u) << "no page is present";
}

TEST(Mapping, RoundsToPages) {
    EXPECT_EQ(page_size(), static_cast<size_t>(::getpagesize()));
    EXPECT_EQ(round_down(4097, 4096), 4096u);
    EXPECT_EQ(round_up(4097, 4096), 8192u);
    EXPECT_EQ(round_up(4096, 4096), 4096u);
    EXPECT_EQ(round_up(0, 4096), 0u);
}

TEST(Mapping, EndsWithItsOwner) {
    auto file = create_memfd_of("mapping-ends", "x").value();
    auto mapped = [] {
        std::ifstream maps("/proc/self/maps");
        for (std::string line; std::getline(maps, line);)
            if (line.find("mapping-ends") != line.npos) return true;
        return false;
    };
    auto first = Mapping::create(file.get(), 0, 4096, Access::read, Sharing::shared).value();
    EXPECT_EQ(first.bytes()[0], 'x');
    Mapping second(std::move(first));
    EXPECT_EQ(first.data(), nullptr);
    EXPECT_EQ(first.size(), 0u);
    Mapping third;
    third = std::move(second);
    EXPECT_TRUE(mapped());
    third = Mapping();
    EXPECT_FALSE(mapped());
    EXPECT_EQ(Mapping::create(-1, 0, 4096, Access::read, Sharing::shared).error().code, Errc::io_error);
    EXPECT_FALSE(Mapping::create(file.get(), 0, 0, Access::read, Sharing::shared).ok()) << "nothing cannot be mapped";
}

}  // namespace
}  // namespace inlay::os
