#include "os/page_survey.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <string>

#include "os/file.hpp"
#include "os/mapping.hpp"
#include "os/memfd.hpp"
#include "os/scratch.hpp"

namespace inlay::os {
namespace {

constexpr uint64_t kBytes = 8 * kHugePageBytes;

TEST(PageSurvey, CountsThePagesThatAreThere) {
    Fd sparse = create_memfd("survey", kBytes).value();
    EXPECT_EQ(survey_pages(sparse.get(), kBytes)->in_memory_bytes, 0u);
    ASSERT_TRUE(write_all_at(sparse.get(), std::string(3 * page_size(), 'x'), 5 * page_size()).ok());
    auto survey = survey_pages(sparse.get(), kBytes).value();
    EXPECT_GE(survey.in_memory_bytes, 3 * page_size());
    EXPECT_LE(survey.in_memory_bytes, kHugePageBytes);
    EXPECT_EQ(survey_pages(sparse.get(), 0)->in_memory_bytes, 0u);
}

TEST(PageSurvey, BringsNothingIntoMemory) {
    Scratch scratch;
    auto made = create_unnamed(scratch.fd());
    if (!made.ok()) GTEST_SKIP() << made.error().detail;
    ASSERT_TRUE(write_all_at(made->get(), std::string(kBytes, 'x'), 0).ok());
    ASSERT_TRUE(sync(made->get()).ok());
    EXPECT_EQ(survey_pages(made->get(), kBytes)->in_memory_bytes, kBytes);
    drop_from_memory(made->get());
    auto before = survey_pages(made->get(), kBytes).value();
    if (before.in_memory_bytes == kBytes) GTEST_SKIP() << "this filesystem keeps all in memory";
    EXPECT_LE(survey_pages(made->get(), kBytes)->in_memory_bytes, before.in_memory_bytes);
}

// What the project's placement of windows is for: where the kernel has folios of 2 MiB for files, they are seen here.
TEST(PageSurvey, SeesHugePagesOfFilesWhereThereAreAny) {
    Scratch scratch;
    auto made = create_unnamed(scratch.fd());
    if (!made.ok()) GTEST_SKIP() << made.error().detail;
    ASSERT_TRUE(write_all_at(made->get(), std::string(kBytes, 'x'), 0).ok());
    ASSERT_TRUE(sync(made->get()).ok());
    drop_from_memory(made->get());
    auto view = Mapping::create(made->get(), 0, kBytes, Access::read, Sharing::shared).value();
    ::madvise(view.data(), view.size(), MADV_HUGEPAGE);
    ::madvise(view.data(), view.size(), MADV_POPULATE_READ);
    auto survey = survey_pages(made->get(), kBytes).value();
    if (survey.huge_bytes == 0) GTEST_SKIP() << "no huge pages of files on this kernel and filesystem";
    EXPECT_EQ(survey.in_memory_bytes, kBytes);
    EXPECT_LE(survey.huge_bytes, kBytes);
}

}  // namespace
}  // namespace inlay::os
