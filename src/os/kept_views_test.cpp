#include "os/kept_views.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"

namespace inlay::os {
namespace {

const size_t kPage = page_size();

// A file whose pages tell their number.
Fd numbered(size_t pages) {
    std::string content(pages * kPage, '\0');
    for (size_t i = 0; i < pages; i++) std::memcpy(content.data() + i * kPage, &i, sizeof i);
    return create_memfd_of("kept-views", content).value();
}

size_t number_at(const uint8_t* page) {
    size_t number = 0;
    std::memcpy(&number, page, sizeof number);
    return number;
}

bool is_present(const uint8_t* page) {
    uint64_t entry = 0;
    Fd pagemap(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
    auto read = read_exactly_at(pagemap.get(), &entry, sizeof entry, reinterpret_cast<uintptr_t>(page) / kPage * sizeof entry);
    return read.ok() && entry >> 63;
}

size_t count_mappings() {
    std::ifstream maps("/proc/self/maps");
    return static_cast<size_t>(std::count(std::istreambuf_iterator<char>(maps), {}, '\n'));
}

// Where windows are placed: addresses of plain zero pages.
class Slot {
  public:
    explicit Slot(size_t pages) : room_(Mapping::reserve(pages * kPage).value()) { clear(); }
    uint8_t* page(size_t i) const { return room_.data() + i * kPage; }
    void clear() { EXPECT_TRUE(place_zero(room_.data(), room_.size()).ok()); }

  private:
    Mapping room_;
};

TEST(KeptViews, LendThePagesOfAFileAndKeepTheirPageTables) {
    KeptViews views;
    Slot slot(64);
    Fd file = numbered(64);
    auto loan = views.lend(slot.page(0), {file.get(), 0, 64 * kPage});
    if (!loan) GTEST_SKIP() << "this kernel does not move page tables of files";
    EXPECT_FALSE(is_present(slot.page(60)));
    for (size_t i = 0; i < 64; i++) ASSERT_EQ(number_at(slot.page(i)), i);
    views.take_back(slot.page(0), *loan);
    EXPECT_FALSE(is_present(slot.page(60)));
    EXPECT_EQ(number_at(slot.page(60)), 60u) << "still mapped";
    slot.clear();
    EXPECT_EQ(number_at(slot.page(60)), 0u);
    loan = views.lend(slot.page(0), {file.get(), 0, 64 * kPage});
    ASSERT_TRUE(loan);
    EXPECT_TRUE(is_present(slot.page(60)));
    EXPECT_EQ(number_at(slot.page(60)), 60u);
    views.take_back(slot.page(0), *loan);
}

TEST(KeptViews, OverlappingLoansAllShowTheFile) {
    KeptViews views;
    Slot slot(512);
    Fd file = numbered(128);
    struct Lent {
        size_t at, first, pages;
        std::optional<KeptViews::Loan> loan;
    };
    std::minstd_rand random(7);
    size_t before = 0;
    for (int round = 0; round < 200; round++) {
        std::vector<Lent> lent;
        for (size_t at = 0; at < 4; at++) {
            size_t first = random() % 128, pages = 1 + random() % (128 - first);
            lent.push_back({at * 128, first, pages, views.lend(slot.page(at * 128), {file.get(), first * kPage, pages * kPage})});
            if (!lent.back().loan) GTEST_SKIP() << "this kernel does not move page tables of files";
        }
        for (const auto& one : lent)
            for (size_t i = 0; i < one.pages; i++) ASSERT_EQ(number_at(slot.page(one.at + i)), one.first + i) << round;
        std::shuffle(lent.begin(), lent.end(), random);
        for (const auto& one : lent) views.take_back(slot.page(one.at), *one.loan);
        slot.clear();
        views.end_round();
        if (round == 0) before = count_mappings();
    }
    EXPECT_LE(count_mappings(), before + 2) << "mappings that were split are one again";
    EXPECT_EQ(views.size(), 1u);
}

TEST(KeptViews, ForgetWhatNobodyUsedInARound) {
    KeptViews views;
    Slot slot(1);
    Fd first = numbered(1), second = numbered(1);
    auto use = [&](const Fd& file) {
        auto loan = views.lend(slot.page(0), {file.get(), 0, kPage});
        if (loan) views.take_back(slot.page(0), *loan);
        slot.clear();
        return loan.has_value();
    };
    if (!use(first)) GTEST_SKIP() << "this kernel does not move page tables of files";
    use(second);
    views.end_round();
    EXPECT_EQ(views.size(), 2u);
    use(second);
    views.end_round();
    EXPECT_EQ(views.size(), 1u);
    views.clear();
    EXPECT_EQ(views.size(), 0u);
}

TEST(KeptViews, FollowAFileThatGrows) {
    KeptViews views;
    Slot slot(4);
    Fd file = numbered(2);
    auto loan = views.lend(slot.page(0), {file.get(), 0, 2 * kPage});
    if (!loan) GTEST_SKIP() << "this kernel does not move page tables of files";
    ASSERT_TRUE(truncate(file.get(), 4 * kPage).ok());
    EXPECT_FALSE(views.lend(slot.page(0), {file.get(), 0, 4 * kPage})) << "some of its view is lent";
    EXPECT_EQ(number_at(slot.page(1)), 1u);
    views.take_back(slot.page(0), *loan);
    slot.clear();
    views.end_round();
    loan = views.lend(slot.page(0), {file.get(), 0, 4 * kPage});
    ASSERT_TRUE(loan);
    EXPECT_EQ(number_at(slot.page(1)), 1u);
    EXPECT_EQ(number_at(slot.page(3)), 0u);
    views.take_back(slot.page(0), *loan);
}

TEST(KeptViews, LendNothingBeyondAFileNorOfMoreThanSoManyFiles) {
    KeptViews views;
    Slot slot(2);
    Fd small = numbered(1);
    EXPECT_FALSE(views.lend(slot.page(0), {small.get(), 0, 2 * kPage}));
    EXPECT_FALSE(views.lend(slot.page(0), {-1, 0, kPage}));
    Fd large = create_memfd("kept-views", kViewBytesMax + kPage).value();
    EXPECT_FALSE(views.lend(slot.page(0), {large.get(), 0, kPage}));
    std::vector<Fd> files;
    for (size_t i = 0; i <= kViewsKeptMax; i++) {
        files.push_back(numbered(1));
        auto loan = views.lend(slot.page(0), {files.back().get(), 0, kPage});
        if (i == 0 && !loan) GTEST_SKIP() << "this kernel does not move page tables of files";
        EXPECT_EQ(loan.has_value(), i < kViewsKeptMax);
        if (loan) views.take_back(slot.page(0), *loan);
        slot.clear();
    }
}

}  // namespace
}  // namespace inlay::os
