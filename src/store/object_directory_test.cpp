// The object directory: equal bytes whatever their way in, and nothing left of what failed.
#include "store/object_directory.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "base/limits.hpp"
#include "os/disk_refusal.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"
#include "store/scratch_directory.hpp"
#include "store/version.hpp"

namespace inlay::store {
namespace {

constexpr uint64_t kReadBytesMax = 64 * MiB;

std::string pattern_of(size_t size) {
    std::string bytes(size, '\0');
    for (size_t i = 0; i < size; i++) bytes[i] = static_cast<char>(i * 2654435761u >> 13);
    return bytes;
}

std::string content_of(const Result<std::optional<os::Fd>>& opened) {
    return opened.value() ? os::read_all(opened.value()->get(), kReadBytesMax).value() : "absent";
}

size_t files_below(const std::filesystem::path& path) {
    size_t count = 0;
    for (auto& entry : std::filesystem::recursive_directory_iterator(path)) count += entry.is_regular_file();
    return count;
}

// Both ways of making a file before it has its name.
class ObjectDirectoryTest : public testing::TestWithParam<ObjectDirectory::Temporaries> {
  protected:
    ScratchDirectory scratch_;
    std::unique_ptr<ObjectDirectory> directory_ = ObjectDirectory::create(scratch_ / "data", GetParam()).value();
    VersionSource versions_{1};
};

INSTANTIATE_TEST_SUITE_P(Temporaries, ObjectDirectoryTest,
                         testing::Values(ObjectDirectory::Temporaries::unnamed, ObjectDirectory::Temporaries::named),
                         [](const auto& parameter) {
                             return parameter.param == ObjectDirectory::Temporaries::unnamed ? "Unnamed" : "Named";
                         });

TEST_P(ObjectDirectoryTest, InlineBytesComeBackAndAreCountedAsCopied) {
    for (size_t size : {0u, 1u, 4096u, 16384u}) {
        std::string version = versions_.next(), bytes = pattern_of(size);
        auto written = directory_->write(version, std::string_view(bytes));
        ASSERT_TRUE(written.ok()) << written.error().detail;
        EXPECT_EQ(written->copied_bytes, size);
        EXPECT_EQ(content_of(directory_->open(version)), bytes);
    }
}

TEST_P(ObjectDirectoryTest, AMemfdComesBackByteForByteAndIsCopiedOnlyWithoutDirectWrites) {
    auto probe = os::create_file(os::open_directory(scratch_.path()).value().get(), "probe").value();
    auto one = os::create_memfd_of("probe", "x").value();
    bool direct = os::write_direct(probe.get(), {one.get(), 0, 1}).value();
    for (size_t size : {size_t{0}, size_t{1}, size_t{4095}, size_t{4096}, size_t{4097}, 8 * MiB + 1}) {
        std::string version = versions_.next(), bytes = pattern_of(size);
        auto memfd = os::create_memfd_of("content", bytes).value();
        auto written = directory_->write(version, os::FileRange{memfd.get(), 0, size});
        ASSERT_TRUE(written.ok()) << written.error().detail;
        EXPECT_EQ(written->copied_bytes, direct ? 0 : size);
        EXPECT_TRUE(content_of(directory_->open(version)) == bytes) << size;
    }
}

TEST_P(ObjectDirectoryTest, WithoutDirectWritesAMemfdIsCopiedAndCounted) {
    MountedFilesystem plain("ramfs");
    if (!plain.reason().empty()) GTEST_SKIP() << plain.reason();
    auto directory = ObjectDirectory::create(plain / "data", GetParam()).value();
    std::string version = versions_.next(), bytes = pattern_of(1 * MiB + 1);
    auto memfd = os::create_memfd_of("content", bytes).value();
    auto written = directory->write(version, os::FileRange{memfd.get(), 0, bytes.size()});
    ASSERT_TRUE(written.ok()) << written.error().detail;
    EXPECT_EQ(written->copied_bytes, bytes.size());
    EXPECT_TRUE(content_of(directory->open(version)) == bytes);
}

TEST_P(ObjectDirectoryTest, OnlyTheRangeOfALongerMemfdIsWritten) {
    std::string version = versions_.next(), bytes = pattern_of(3 * 4096);
    auto memfd = os::create_memfd_of("content", bytes).value();
    ASSERT_TRUE(directory_->write(version, os::FileRange{memfd.get(), 0, 4097}).ok());
    EXPECT_EQ(content_of(directory_->open(version)), bytes.substr(0, 4097));
}

TEST_P(ObjectDirectoryTest, AFilledFileOnlyGetsItsName) {
    auto file = directory_->create_unnamed().value();
    ASSERT_TRUE(os::write_all(file.get(), "filled before").ok());
    uint64_t inode = os::status(file.get())->inode;
    std::string version = versions_.next();
    auto written = directory_->write(version, std::move(file));
    ASSERT_TRUE(written.ok()) << written.error().detail;
    EXPECT_EQ(written->copied_bytes, 0u);
    auto opened = directory_->open(version).value();
    EXPECT_EQ(os::status(opened->get())->inode, inode);
}

TEST_P(ObjectDirectoryTest, AnObjectMayBeLinkedOnceMoreAndOutlivesTheFirstName) {
    std::string first = versions_.next(), second = versions_.next();
    ASSERT_TRUE(directory_->write(first, std::string_view("bytes")).ok());
    ASSERT_TRUE(directory_->write(second, *std::move(directory_->open(first)).value()).ok());
    ASSERT_TRUE(directory_->remove(first).ok());
    EXPECT_EQ(content_of(directory_->open(second)), "bytes");
}

TEST_P(ObjectDirectoryTest, FilesLieBelowTheLastTwoDigitsOfTheirVersion) {
    std::string version = versions_.next();
    ASSERT_TRUE(directory_->write(version, std::string_view("bytes")).ok());
    EXPECT_TRUE(std::filesystem::exists(scratch_.path() / "data/objects" / version.substr(30) / version));
    EXPECT_EQ(files_below(scratch_.path() / "data"), 1u);
}

TEST_P(ObjectDirectoryTest, SyncsTheDirectoriesOfManyObjects) {
    std::vector<std::string> written;
    for (int i = 0; i < 20; i++) {
        written.push_back(versions_.next());
        ASSERT_TRUE(directory_->write(written.back(), std::string_view("x")).ok());
    }
    EXPECT_TRUE(directory_->sync_directories(written).ok());
    EXPECT_TRUE(directory_->sync_directories({}).ok());
    written.push_back("no version");
    EXPECT_EQ(directory_->sync_directories(written).error().code, Errc::corrupt);
}

// What memory shows of them the disk may never get.
TEST_P(ObjectDirectoryTest, DirectoriesWhoseNamesCannotBeMadeDurableAreGoneAndNoOthers) {
    std::string kept = versions_.next(), lost = versions_.next();
    auto objects = scratch_.path() / "data/objects";
    ASSERT_TRUE(directory_->write(kept, std::string_view("kept")).ok());
    directory_ = ObjectDirectory::create(scratch_ / "data", GetParam()).value();
    ASSERT_TRUE(directory_->write(lost, std::string_view("lost")).ok());
    {
        os::DiskRefusal refusal(os::DiskStep::sync, EIO, [&](const std::string& path) { return path == objects; });
        EXPECT_EQ(directory_->sync_directories(std::span(&lost, 1)).error().code, Errc::storage_failed);
        EXPECT_EQ(refusal.refused(), 1);
    }
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(objects), {}), 1);
    EXPECT_EQ(content_of(directory_->open(kept)), "kept");
}

TEST_P(ObjectDirectoryTest, ARemovedObjectStaysReadableWhereItIsOpen) {
    std::string version = versions_.next();
    ASSERT_TRUE(directory_->write(version, std::string_view("bytes")).ok());
    auto opened = directory_->open(version);
    ASSERT_TRUE(directory_->remove(version).ok());
    EXPECT_TRUE(directory_->remove(version).ok());
    EXPECT_FALSE(directory_->open(version).value());
    EXPECT_EQ(content_of(opened), "bytes");
}

TEST_P(ObjectDirectoryTest, WhatIsNoVersionNeverBecomesAPath) {
    for (std::string bad : {"", "../../etc/passwd", "ABCDEFABCDEFABCDEFABCDEFABCDEFAB"}) {
        EXPECT_EQ(directory_->write(bad, std::string_view("x")).error().code, Errc::corrupt);
        EXPECT_EQ(directory_->open(bad).error().code, Errc::corrupt);
        EXPECT_EQ(directory_->remove(bad).error().code, Errc::corrupt);
        EXPECT_EQ(directory_->write_module(bad, std::string_view("x")).error().code, Errc::corrupt);
        EXPECT_EQ(directory_->open_module(bad).error().code, Errc::corrupt);
        EXPECT_EQ(directory_->remove_module(bad).error().code, Errc::corrupt);
    }
}

TEST_P(ObjectDirectoryTest, AFailedWriteLeavesNothing) {
    auto memfd = os::create_memfd_of("content", pattern_of(10'000)).value();
    os::FileRange past_its_end{memfd.get(), 0, 10 * MiB};
    EXPECT_EQ(directory_->write(versions_.next(), past_its_end).error().code, Errc::io_error);
    EXPECT_FALSE(directory_->write(versions_.next(), os::FileRange{-1, 0, 5000}).ok());
    EXPECT_FALSE(directory_->write_compiled("name", past_its_end).ok());
    std::filesystem::create_directory(scratch_.path() / "data/compiled/in-the-way");
    EXPECT_FALSE(directory_->write_compiled("in-the-way", std::string_view("x")).ok());
    EXPECT_EQ(files_below(scratch_.path() / "data"), 0u);
}

TEST_P(ObjectDirectoryTest, AFullDiskIsNoSpaceAndLeavesNothing) {
    MountedFilesystem tiny("tmpfs", "size=4m");
    if (!tiny.reason().empty()) GTEST_SKIP() << tiny.reason();
    auto directory = ObjectDirectory::create(tiny / "data", GetParam()).value();
    std::string bytes = pattern_of(5 * MiB), version = versions_.next();
    auto memfd = os::create_memfd_of("content", bytes).value();
    EXPECT_EQ(directory->write(version, os::FileRange{memfd.get(), 0, bytes.size()}).error().code, Errc::no_space);
    EXPECT_EQ(directory->write(version, std::string_view(bytes)).error().code, Errc::no_space);
    EXPECT_EQ(directory->write_module(version, std::string_view(bytes)).error().code, Errc::no_space);
    EXPECT_EQ(directory->write_compiled("name", std::string_view(bytes)).error().code, Errc::no_space);
    EXPECT_EQ(files_below(tiny.path()), 0u);
    EXPECT_TRUE(directory->write(version, std::string_view(bytes).substr(0, 3 * MiB)).ok());
}

TEST_P(ObjectDirectoryTest, ModulesAreKeptApartFromObjects) {
    std::string version = versions_.next();
    ASSERT_TRUE(directory_->write_module(version, std::string_view("\0asm", 4)).ok());
    EXPECT_EQ(content_of(directory_->open_module(version)), std::string("\0asm", 4));
    EXPECT_TRUE(std::filesystem::exists(scratch_.path() / "data/modules" / (version + ".wasm")));
    EXPECT_FALSE(directory_->open(version).value());
    ASSERT_TRUE(directory_->remove_module(version).ok());
    EXPECT_FALSE(directory_->open_module(version).value());
}

TEST_P(ObjectDirectoryTest, ACompiledModuleIsReplacedWhileTheOldOneStaysReadable) {
    auto memfd = os::create_memfd_of("compiled", "second").value();
    ASSERT_TRUE(directory_->write_compiled("f.cwasm", std::string_view("first")).ok());
    auto first = directory_->open_compiled("f.cwasm");
    ASSERT_TRUE(directory_->write_compiled("f.cwasm", os::FileRange{memfd.get(), 0, 6}).ok());
    EXPECT_EQ(content_of(first), "first");
    EXPECT_EQ(content_of(directory_->open_compiled("f.cwasm")), "second");
    std::vector<std::string> names;
    ASSERT_TRUE(directory_->for_each_compiled([&](auto name) { return names.emplace_back(name), true; }).ok());
    EXPECT_EQ(names, std::vector<std::string>{"f.cwasm"});
    ASSERT_TRUE(directory_->remove_compiled("f.cwasm").ok());
    EXPECT_FALSE(directory_->open_compiled("f.cwasm").value());
}

TEST_P(ObjectDirectoryTest, NamesOfCompiledModulesCannotLeaveTheirDirectory) {
    for (std::string bad : {"", "..", "../x", "a/b", "name.tmp"}) {
        EXPECT_EQ(directory_->write_compiled(bad, std::string_view("x")).error().code, Errc::bad_name) << bad;
        EXPECT_EQ(directory_->open_compiled(bad).error().code, Errc::bad_name) << bad;
        EXPECT_EQ(directory_->remove_compiled(bad).error().code, Errc::bad_name) << bad;
    }
}

TEST_P(ObjectDirectoryTest, WritersInManyThreadsDoNotDisturbEachOther) {
    std::vector<std::vector<std::string>> written(4);
    {
        std::vector<std::jthread> threads;
        for (auto& mine : written)
            threads.emplace_back([&] {
                for (int i = 0; i < 50; i++) {
                    mine.push_back(versions_.next());
                    ASSERT_TRUE(directory_->write(mine.back(), std::string_view(mine.back())).ok());
                    ASSERT_TRUE(directory_->write_compiled("same", std::string_view("same")).ok());
                    ASSERT_TRUE(directory_->sync_directories(std::span(mine).last(1)).ok());
                }
            });
    }
    for (auto& mine : written)
        for (auto& version : mine) ASSERT_EQ(content_of(directory_->open(version)), version);
    EXPECT_EQ(content_of(directory_->open_compiled("same")), "same");
    EXPECT_EQ(files_below(scratch_.path() / "data"), 201u);
}

TEST_P(ObjectDirectoryTest, EverythingIsThereAfterReopening) {
    std::string version = versions_.next();
    ASSERT_TRUE(directory_->write(version, std::string_view("bytes")).ok());
    directory_ = ObjectDirectory::create(scratch_ / "data", GetParam()).value();
    EXPECT_EQ(content_of(directory_->open(version)), "bytes");
}

}  // namespace
}  // namespace inlay::store
