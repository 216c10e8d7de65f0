// What waits for the disk waits aside, and what is believed of large files is looked at again.
#include "serve/disk_aside.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <filesystem>

#include "os/file.hpp"
#include "os/memfd.hpp"
#include "os/scratch.hpp"

namespace inlay::serve {
namespace {

class DiskAsideTest : public testing::Test {
  protected:
    std::shared_ptr<const os::Pages> file(uint64_t size) {
        auto fd = os::create_unnamed(os::open_directory(std::filesystem::temp_directory_path()).value().get()).value();
        EXPECT_TRUE(os::write_all(fd.get(), std::string(size, 'x')).ok());
        EXPECT_TRUE(os::sync(fd.get()).ok());
        return std::make_shared<const os::Pages>(std::move(fd), size, os::Pages::Home::disk);
    }
    void run_for_a_while() {
        auto work = boost::asio::make_work_guard(loop_);  // Threads will post to it.
        loop_.restart();
        loop_.run_for(std::chrono::milliseconds(200));
    }
    uint64_t waits() const { return counters_.get(Counter::disk_waits); }

    boost::asio::io_context loop_;
    CounterBlock counters_{};
    DiskAside disk_{loop_.get_executor(), counters_};
};

TEST_F(DiskAsideTest, WhatIsOnlyInMemoryIsNeverWaitedFor) {
    auto pages = std::make_shared<const os::Pages>(os::create_memfd("disk-test", kSurveyBytesMin).value(), kSurveyBytesMin,
                                                   os::Pages::Home::memory);
    EXPECT_TRUE(disk_.in_memory(pages, 0, kSurveyBytesMin));
}

TEST_F(DiskAsideTest, BringsInWhatIsNotInMemory) {
    auto pages = file(4 * MiB);
    os::drop_from_memory(pages->fd());
    if (disk_.in_memory(pages, 0, 4 * MiB)) GTEST_SKIP() << "the temporary directory lies in memory";
    boost::asio::co_spawn(loop_, disk_.bring_in(pages, 0, 4 * MiB), boost::asio::detached);
    run_for_a_while();
    EXPECT_TRUE(disk_.in_memory(pages, 0, 4 * MiB));
    EXPECT_EQ(waits(), 1u);
}

TEST_F(DiskAsideTest, ALargeRangeCountsOnceASurveyHasFoundItsFileInMemory) {
    auto pages = file(kSurveyBytesMin);
    EXPECT_FALSE(disk_.in_memory(pages, 0, kSurveyBytesMin)) << "nobody has looked yet";
    run_for_a_while();
    EXPECT_TRUE(disk_.in_memory(pages, 0, kSurveyBytesMin));
    EXPECT_TRUE(disk_.in_memory(pages, 4096, 5)) << "a small range is looked over at once";
}

TEST_F(DiskAsideTest, ASurveyIsNotBelievedForLong) {
    auto pages = file(kSurveyBytesMin);
    disk_.in_memory(pages, 0, kSurveyBytesMin);
    run_for_a_while();
    pages->survey().as_of_ms -= kSurveyTrustMs;
    EXPECT_FALSE(disk_.in_memory(pages, 0, kSurveyBytesMin));
    EXPECT_TRUE(pages->survey().under_way) << "it is made again";
}

}  // namespace
}  // namespace inlay::serve
