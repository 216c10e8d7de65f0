// Copies in huge pages: the same bytes, final, and seen as huge where the kernel gives them.
#include "os/huge_pages.hpp"

#include <gtest/gtest.h>

#include <string>

#include "os/file.hpp"
#include "os/mapping.hpp"
#include "os/memfd.hpp"
#include "os/page_survey.hpp"

namespace inlay::os {
namespace {

std::string numbered(uint64_t size) {
    std::string bytes(size, '\0');
    for (size_t i = 0; i < size; i++) bytes[i] = static_cast<char>(i * 7 + i / 4096);
    return bytes;
}

class HugePages : public testing::Test {
  protected:
    void SetUp() override {
        if (!gives_huge_memfds()) GTEST_SKIP() << "this kernel gives memory files no huge pages";
    }
};

TEST_F(HugePages, HoldACopyThatNobodyCanChange) {
    auto content = numbered(3 * kHugePageBytes + 12'345);
    auto file = create_memfd_of("huge-test", content).value();
    auto copy = copy_into_huge_pages("huge-test", file.get(), content.size(), {});
    ASSERT_TRUE(copy.ok()) << copy.error().detail;
    EXPECT_TRUE(is_sealed(copy->get()));
    EXPECT_EQ(status(copy->get())->size, content.size());
    EXPECT_EQ(read_from_start(copy->get(), content.size()).value(), content);
    EXPECT_EQ(survey_pages(copy->get(), content.size())->huge_bytes, 3 * kHugePageBytes);
}

TEST_F(HugePages, AreNotWorthItForLessThanOne) {
    auto file = create_memfd_of("huge-test", "short").value();
    EXPECT_EQ(copy_into_huge_pages("huge-test", file.get(), 5, {}).error().code, Errc::overloaded);
}

TEST_F(HugePages, AFileThatIsShorterThanItWasIsAnError) {
    auto file = create_memfd_of("huge-test", numbered(kHugePageBytes)).value();
    EXPECT_FALSE(copy_into_huge_pages("huge-test", file.get(), 2 * kHugePageBytes, {}).ok());
}

TEST_F(HugePages, ACopyEndsWhenItIsToldTo) {
    auto file = create_memfd_of("huge-test", numbered(kHugePageBytes)).value();
    std::stop_source stopped;
    stopped.request_stop();
    EXPECT_EQ(copy_into_huge_pages("huge-test", file.get(), kHugePageBytes, stopped.get_token()).error().code, Errc::draining);
}

}  // namespace
}  // namespace inlay::os
