#include "os/machine.hpp"

#include <gtest/gtest.h>

#include "os/file.hpp"
#include "os/mapping.hpp"
#include "os/page_survey.hpp"
#include "os/scratch.hpp"

namespace inlay::os {
namespace {

TEST(Machine, KnowsItsKernel) {
    EXPECT_GE(kernel_version(), 6001u) << kernel_release();
    EXPECT_EQ(kernel_version() / 1000, static_cast<unsigned>(std::stoul(kernel_release())));
}

TEST(Machine, ReadsSettings) {
    EXPECT_EQ(chosen_word("always [madvise] never"), "madvise");
    EXPECT_EQ(chosen_word("65530"), "65530");
    EXPECT_EQ(chosen_word("[open"), "[open");
    EXPECT_TRUE(read_setting("/proc/sys/vm/max_map_count"));
    EXPECT_FALSE(read_setting("/proc/sys/vm/absent"));
    EXPECT_GT(descriptors_max(), 0u);
    EXPECT_FALSE(write_setting("/proc/sys/vm/absent", "1").ok());
    const std::string path = testing::TempDir() + "setting";
    ASSERT_TRUE(write_all(create_file(AT_FDCWD, path).value().get(), "before").ok());
    ASSERT_TRUE(write_setting(path, "behind").ok());
    EXPECT_EQ(read_setting(path), "behind");
}

TEST(Machine, TriesAFilesystemAndLeavesNothingBehind) {
    Scratch scratch;
    int directory = scratch.fd();
    EXPECT_FALSE(filesystem_name(directory).empty());
    EXPECT_EQ(is_in_memory(directory), filesystem_name(directory) == "tmpfs");
    (void)takes_direct_writes(directory);
    (void)grants_leases(directory);
    EXPECT_LE(huge_bytes_of_file(directory, 2 * kHugePageBytes), 2 * kHugePageBytes);
    auto file = create_probe_file(directory, 2 * kHugePageBytes);
    if (file.ok()) {
        EXPECT_TRUE(lay_in_small_pages(file->get(), 2 * kHugePageBytes).ok());
        auto survey = survey_pages(file->get(), 2 * kHugePageBytes).value();
        EXPECT_EQ(survey.in_memory_bytes, 2 * kHugePageBytes);
        EXPECT_TRUE(survey.huge_bytes == 0 || is_in_memory(directory));
    }
    EXPECT_TRUE(std::filesystem::is_empty(scratch.path()));
    Fd memory = open_directory("/dev/shm").value();
    EXPECT_EQ(filesystem_name(memory.get()), "tmpfs");
    EXPECT_LE(huge_bytes_of_memfd(2 * kHugePageBytes), 2 * kHugePageBytes);
}

}  // namespace
}  // namespace inlay::os
