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

class KeptViewsTest : public testing::Test {
  protected:
    void SetUp() override {
        Fd file = numbered(1);
        if (!use(file, 0, 1)) GTEST_SKIP() << "this kernel does not move page tables of files";
        views_.clear();
    }

    std::optional<KeptViews::Loan> lend(const Fd& file, size_t first, size_t pages, size_t at = 0) {
        return views_.lend(slot_.page(at), {file.get(), first * kPage, pages * kPage});
    }
    // Lends and takes back. False: it is not lent.
    bool use(const Fd& file, size_t first, size_t pages) {
        auto loan = lend(file, first, pages);
        if (loan) views_.take_back(slot_.page(0), *loan);
        slot_.clear();
        return loan.has_value();
    }

    KeptViews views_;
    Slot slot_{512};
};

TEST_F(KeptViewsTest, LendThePagesOfAFileAndKeepTheirPageTables) {
    Fd file = numbered(64);
    auto loan = lend(file, 0, 64);
    ASSERT_TRUE(loan);
    EXPECT_FALSE(is_present(slot_.page(60)));
    for (size_t i = 0; i < 64; i++) ASSERT_EQ(number_at(slot_.page(i)), i);
    views_.take_back(slot_.page(0), *loan);
    EXPECT_FALSE(is_present(slot_.page(60)));
    EXPECT_EQ(number_at(slot_.page(60)), 60u) << "still mapped";
    slot_.clear();
    EXPECT_EQ(number_at(slot_.page(60)), 0u);
    loan = lend(file, 0, 64);
    ASSERT_TRUE(loan);
    EXPECT_TRUE(is_present(slot_.page(60)));
    EXPECT_EQ(number_at(slot_.page(60)), 60u);
    views_.take_back(slot_.page(0), *loan);
}

TEST_F(KeptViewsTest, OverlappingLoansAllShowTheFile) {
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
            lent.push_back({at * 128, first, pages, lend(file, first, pages, at * 128)});
            ASSERT_TRUE(lent.back().loan);
        }
        for (const auto& one : lent)
            for (size_t i = 0; i < one.pages; i++) ASSERT_EQ(number_at(slot_.page(one.at + i)), one.first + i) << round;
        std::shuffle(lent.begin(), lent.end(), random);
        for (const auto& one : lent) views_.take_back(slot_.page(one.at), *one.loan);
        slot_.clear();
        views_.end_round();
        if (round == 0) before = count_mappings();
    }
    EXPECT_LE(count_mappings(), before + 8) << "mappings that were split are one again";
    EXPECT_LE(views_.size(), 4u);
}

TEST_F(KeptViewsTest, LendWhatIsLentAlreadyWithPageTablesOfItsOwn) {
    Fd file = numbered(64);
    for (int round = 0; round < 3; round++) {
        auto of_caller = lend(file, 0, 64), of_callee = lend(file, 0, 64, 64);
        ASSERT_TRUE(of_caller && of_callee);
        EXPECT_EQ(is_present(slot_.page(60)), round > 0);
        EXPECT_EQ(is_present(slot_.page(64 + 60)), round > 0);
        for (size_t i = 0; i < 64; i++) ASSERT_EQ(number_at(slot_.page(i)) + number_at(slot_.page(64 + i)), 2 * i);
        views_.take_back(slot_.page(64), *of_callee);
        views_.take_back(slot_.page(0), *of_caller);
        slot_.clear();
        views_.end_round();
        EXPECT_EQ(views_.size(), 2u);
    }
}

TEST_F(KeptViewsTest, ForgetWhatNobodyUsedInARound) {
    Fd first = numbered(1), second = numbered(1);
    EXPECT_TRUE(use(first, 0, 1) && use(second, 0, 1));
    views_.end_round();
    EXPECT_EQ(views_.size(), 2u);
    EXPECT_TRUE(use(second, 0, 1));
    views_.end_round();
    EXPECT_EQ(views_.size(), 1u);
    views_.clear();
    EXPECT_EQ(views_.size(), 0u);
}

TEST_F(KeptViewsTest, FollowAFileThatGrows) {
    Fd file = numbered(2);
    auto loan = lend(file, 0, 2);
    ASSERT_TRUE(loan);
    ASSERT_TRUE(truncate(file.get(), 4 * kPage).ok());
    auto grown = lend(file, 0, 4, 8);
    ASSERT_TRUE(grown) << "some of its view is lent: from another one";
    EXPECT_EQ(number_at(slot_.page(1)), 1u);
    EXPECT_EQ(number_at(slot_.page(9)), 1u);
    views_.take_back(slot_.page(8), *grown);
    views_.take_back(slot_.page(0), *loan);
    slot_.clear();
    views_.end_round();
    loan = lend(file, 0, 4);
    ASSERT_TRUE(loan);
    EXPECT_EQ(number_at(slot_.page(1)), 1u);
    EXPECT_EQ(number_at(slot_.page(3)), 0u);
    views_.take_back(slot_.page(0), *loan);
}

TEST_F(KeptViewsTest, LendNothingBeyondAFileNorOfMoreThanSoManyFiles) {
    Fd small = numbered(1);
    EXPECT_FALSE(lend(small, 0, 2));
    EXPECT_FALSE(lend(Fd(), 0, 1));
    Fd large = create_memfd("kept-views", kViewBytesMax + kPage).value();
    EXPECT_FALSE(lend(large, 0, 1));
    std::vector<Fd> files;
    for (size_t i = 0; i <= kViewsKeptMax; i++) {
        files.push_back(numbered(1));
        EXPECT_EQ(use(files.back(), 0, 1), i < kViewsKeptMax);
    }
}

}  // namespace
}  // namespace inlay::os
