// Views of files and memfds, and what of them is in memory.
#include "os/pages.hpp"

#include <gtest/gtest.h>

#include "os/file.hpp"
#include "os/memfd.hpp"
#include "os/scratch.hpp"

namespace inlay::os {
namespace {

constexpr uint64_t kSize = 8 << 20;

class PagesOnDisk : public testing::Test {
  protected:
    void SetUp() override {
        auto fd = create_unnamed(directory_.fd());
        ASSERT_TRUE(fd.ok());
        ASSERT_TRUE(write_all(fd->get(), std::string(kSize, 'x')).ok());
        ASSERT_TRUE(sync(fd->get()).ok());
        pages_.emplace(std::move(fd).value(), kSize, Pages::Home::disk);
    }
    // False: this filesystem keeps everything in memory.
    bool drop_from_memory() {
        os::drop_from_memory(pages_->fd());
        return !pages_->in_memory(0, kSize);
    }

    Scratch directory_;
    std::optional<Pages> pages_;
};

TEST_F(PagesOnDisk, AreInMemoryOnceBroughtIn) {
    EXPECT_TRUE(pages_->in_memory(0, kSize)) << "just written";
    if (!drop_from_memory()) GTEST_SKIP() << "the temporary directory lies in memory";
    EXPECT_FALSE(pages_->in_memory(5000, 1));
    EXPECT_TRUE(bring_into_memory(pages_->view().substr(5000, 1)));
    EXPECT_TRUE(pages_->in_memory(5000, 1));
    EXPECT_TRUE(bring_into_memory(pages_->view()));
    EXPECT_TRUE(pages_->in_memory(0, kSize));
    EXPECT_EQ(pages_->view().substr(kSize - 2), "xx");
}

TEST_F(PagesOnDisk, BytesThatAreGoneCannotBeBroughtIn) {
    auto view = pages_->view();
    ASSERT_TRUE(truncate(pages_->fd(), kSize / 2).ok());
    EXPECT_FALSE(bring_into_memory(view));
    EXPECT_TRUE(bring_into_memory(view.substr(0, kSize / 2)));
}

TEST(Pages, InMemoryAloneAreAlwaysThere) {
    Pages pages(create_memfd_of("pages-test", "content").value(), 7, Pages::Home::memory);
    EXPECT_TRUE(pages.in_memory(0, 7));
    EXPECT_EQ(pages.view(), "content");
    EXPECT_EQ(pages.size(), 7u);
}

TEST(Pages, WithoutBytesHaveAnEmptyView) {
    Pages pages(create_memfd("pages-test", 0).value(), 0, Pages::Home::disk);
    EXPECT_TRUE(pages.view().empty());
    EXPECT_TRUE(pages.in_memory(0, 0));
}

TEST(Pages, ThatCannotBeMappedHaveAnEmptyViewAndCountAsAbsent) {
    Pages pages(Fd(), 7, Pages::Home::disk);
    EXPECT_TRUE(pages.view().empty());
    EXPECT_FALSE(pages.in_memory(0, 7));
}

TEST(Pages, AViewShowsWhatIsWrittenAfterwardsAndDoesNotHinderSealing) {
    Pages pages(create_memfd("pages-test", 100).value(), 100, Pages::Home::memory);
    ASSERT_EQ(pages.view().at(50), '\0');
    ASSERT_TRUE(write_all_at(pages.fd(), "x", 50).ok());
    EXPECT_EQ(pages.view().at(50), 'x');
    EXPECT_TRUE(seal(pages.fd()).ok());
}

}  // namespace
}  // namespace inlay::os
