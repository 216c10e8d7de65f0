// What is promoted, what is not worth it, and that it is looked at once.
#include "control/promotion.hpp"

#include <gtest/gtest.h>

#include <future>

#include "base/limits.hpp"
#include "os/file.hpp"
#include "os/huge_pages.hpp"
#include "os/mapping.hpp"
#include "os/memfd.hpp"
#include "os/page_survey.hpp"
#include "os/scratch.hpp"

namespace inlay::control {
namespace {

constexpr uint64_t kBytes = 2 * os::kHugePageBytes + 5000;

class Promotion : public testing::Test {
  protected:
    void SetUp() override {
        if (!os::gives_huge_memfds()) GTEST_SKIP() << "this kernel gives memory files no huge pages";
    }
    // In memory, in small pages: as it was written.
    os::Fd small_file() const {
        auto file = os::create_memfd_of("promotion-test", std::string(kBytes, 'x')).value();
        EXPECT_LT(os::survey_pages(file.get(), kBytes)->huge_bytes, kBytes / 2);
        return file;
    }
    Result<os::Fd> promoted(const os::Fd& file) { return promote_file(file.get(), kBytes, {}); }
};

TEST_F(Promotion, IsACopyInHugePages) {
    auto file = small_file();
    auto copy = promoted(file);
    ASSERT_TRUE(copy.ok() && *copy);
    EXPECT_TRUE(os::is_sealed(copy->get()));
    EXPECT_EQ(os::survey_pages(copy->get(), kBytes)->huge_bytes, 2 * os::kHugePageBytes);
    EXPECT_EQ(os::read_from_start(copy->get(), kBytes).value(), std::string(kBytes, 'x'));
}

TEST_F(Promotion, IsNotWorthItForWhatLiesInHugePagesAlready) {
    auto huge = os::copy_into_huge_pages("promotion-test", small_file().get(), kBytes, {}).value();
    auto copy = promoted(huge);
    EXPECT_TRUE(copy.ok() && !*copy);
}

TEST_F(Promotion, IsNotWorthItForWhatIsNotInMemory) {
    auto sparse = os::create_memfd("promotion-test", kBytes).value();
    auto copy = promoted(sparse);
    EXPECT_TRUE(copy.ok() && !*copy);
}

TEST_F(Promotion, IsOneAtATimeAndCounted) {
    CounterBlock counters{};
    Promoter promoter(counters);
    std::promise<bool> done;
    ASSERT_TRUE(promoter.may_begin("1"));
    promoter.begin("1", small_file(), kBytes, [&](Result<os::Fd> copy) { done.set_value(copy.ok() && *copy); });
    EXPECT_FALSE(promoter.may_begin("2"));
    EXPECT_TRUE(done.get_future().get());
    promoter.end("1", false);
    EXPECT_TRUE(promoter.may_begin("2"));
    EXPECT_EQ(counters.get(Counter::copied_bytes_promotion), kBytes);
}

TEST_F(Promotion, WhatWasRefusedIsNotLookedAtForAWhile) {
    CounterBlock counters{};
    uint64_t now_ms = 1;
    Promoter promoter(counters, [&] { return now_ms; });
    promoter.end("1", true);
    EXPECT_FALSE(promoter.may_begin("1"));
    EXPECT_TRUE(promoter.may_begin("2"));
    now_ms += kPromoteAgainMs;
    EXPECT_TRUE(promoter.may_begin("1"));
    for (size_t i = 0; i <= kHotObjectsMax; i++) promoter.end(std::to_string(i), true);
    EXPECT_TRUE(promoter.may_begin("1")) << "so many are remembered";
}

}  // namespace
}  // namespace inlay::control
