// Content that is written while it arrives: complete when finished, whatever was written before, and gone when it is not.
#include "control/begun_content.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "base/limits.hpp"
#include "os/file.hpp"
#include "os/mapping.hpp"
#include "os/memfd.hpp"
#include "store/scratch_directory.hpp"
#include "store/version.hpp"

namespace inlay::control {
namespace {

class BegunContentTest : public testing::Test {
  protected:
    static constexpr uint64_t kLength = 2 * kWritePieceBytes + 5'001;

    // The first `bytes` of the content have come.
    void arrive(uint64_t bytes) {
        auto mapping = os::Mapping::create(pages_.get(), 0, kLength, os::Access::read_write, os::Sharing::shared).value();
        for (; arrived_ < bytes; arrived_++) mapping.data()[arrived_] = byte_at(arrived_);
    }
    static uint8_t byte_at(uint64_t at) { return static_cast<uint8_t>(at * 7 + at / 4096); }
    BegunContent begin(uint64_t expected) { return {*directory_, os::duplicate(pages_.get()), os::round_up(kLength, os::page_size()), expected}; }
    // Whether what is finished, stored and read again is the content.
    bool is_whole(BegunContent& content) {
        auto finished = content.finish(kLength);
        if (!finished.ok()) return false;
        std::string version = versions_.next();
        if (!directory_->write(version, std::move(finished->file)).ok()) return false;
        std::string stored = os::read_all((*directory_->open(version).value()).get(), UINT64_MAX).value();
        for (size_t i = 0; i < stored.size(); i++)
            if (static_cast<uint8_t>(stored[i]) != byte_at(i)) return false;
        return stored.size() == kLength;
    }

    store::ScratchDirectory scratch_;
    std::unique_ptr<store::ObjectDirectory> directory_ = store::ObjectDirectory::create(scratch_.path()).value();
    store::VersionSource versions_{1};
    os::Fd pages_ = os::create_memfd("begun-test", kLength).value();
    uint64_t arrived_ = 0;
};

TEST_F(BegunContentTest, IsWholeWhenWrittenInPieces) {
    auto content = begin(kLength);
    ASSERT_TRUE(content.begin().ok());
    arrive(kWritePieceBytes + 100);
    ASSERT_TRUE(content.write(arrived_).ok());
    // What is written behind a piece's end would be written again: it has changed by then.
    arrive(kLength);
    ASSERT_TRUE(content.write(kWritePieceBytes).ok());
    EXPECT_TRUE(is_whole(content));
}

TEST_F(BegunContentTest, IsWholeWhenNothingWasWrittenBeforeAndItsLengthWasNotKnown) {
    arrive(kLength);
    auto content = begin(0);
    EXPECT_TRUE(is_whole(content));
}

TEST_F(BegunContentTest, PiecesAreWrittenBeforeTheEndIsThere) {
    auto content = begin(0);
    arrive(kWritePieceBytes);
    ASSERT_TRUE(content.write(arrived_).ok());
    // Not from the pages any more: other bytes there do not show.
    auto mapping = os::Mapping::create(pages_.get(), 0, kLength, os::Access::read_write, os::Sharing::shared).value();
    mapping.data()[5] ^= 0xff;
    arrive(kLength);
    EXPECT_TRUE(is_whole(content));
}

TEST_F(BegunContentTest, WhoComesLaterWaitsForWhoWrites) {
    arrive(kLength);
    auto content = begin(kLength);
    std::thread writer([&] { EXPECT_TRUE(content.write(kLength).ok() || true); });
    EXPECT_TRUE(is_whole(content));
    writer.join();
}

TEST_F(BegunContentTest, TheFirstFailureStays) {
    auto content = begin(UINT64_MAX / 4);  // No disk has room for it.
    auto begun = content.begin();
    ASSERT_FALSE(begun.ok());
    EXPECT_FALSE(content.write(kLength).ok());
    EXPECT_EQ(content.finish(kLength).error().code, begun.error().code);
}

TEST_F(BegunContentTest, PagesThatEndEarlyAreAFailure) {
    auto content = begin(0);
    EXPECT_FALSE(content.finish(2 * kLength).ok());
}

TEST_F(BegunContentTest, GoesThroughFewerPagesThanItHas) {
    constexpr uint64_t kRing = 3 * 4096;
    BegunContent content(*directory_, os::duplicate(pages_.get()), kRing, kLength);
    auto ring = os::Mapping::create(pages_.get(), 0, kRing, os::Access::read_write, os::Sharing::shared).value();
    for (; arrived_ < kLength; arrived_++) {
        if (arrived_ % (kRing / 2) == 0) {
            ASSERT_TRUE(content.write(arrived_).ok());
        }
        ring.data()[arrived_ % kRing] = byte_at(arrived_);
    }
    auto read = content.read(kLength).value();
    auto seen = os::Mapping::create(read.get(), 0, kLength, os::Access::read, os::Sharing::shared).value();
    for (uint64_t at : {uint64_t{0}, kRing - 1, kRing, kLength / 2, kLength - 1}) EXPECT_EQ(seen.data()[at], byte_at(at)) << at;
    EXPECT_FALSE(os::write_all(read.get(), "x").ok()) << "whoever reads it cannot write it";
    EXPECT_TRUE(is_whole(content)) << "it can be stored all the same";
}

TEST_F(BegunContentTest, WhatWasOverwrittenBeforeItWasWrittenIsAFailure) {
    BegunContent content(*directory_, os::duplicate(pages_.get()), 4096, kLength);
    EXPECT_FALSE(content.finish(kLength).ok());
}

TEST_F(BegunContentTest, MoreThanThereIsOfItIsAFailure) {
    auto content = begin(0);
    arrive(kLength);
    ASSERT_TRUE(content.write(kLength).ok());
    EXPECT_FALSE(content.finish(kWritePieceBytes).ok());
}

TEST_F(BegunContentTest, DroppedContentIsNotWrittenOn) {
    auto content = begin(0);
    content.drop();
    EXPECT_TRUE(content.write(100 * kLength).ok());  // Would fail, where the pages end.
}

}  // namespace
}  // namespace inlay::control
