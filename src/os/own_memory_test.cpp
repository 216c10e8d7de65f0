// What is read of our own pages is what is there.
#include "os/own_memory.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <array>
#include <string>

#include "os/mapping.hpp"

namespace inlay::os {
namespace {

constexpr uint64_t kPresent = 1ull << 63;

TEST(OwnMemory, ATouchedPageIsPresentAndItsNeighbourIsNot) {
    auto at = static_cast<uint8_t*>(::mmap(nullptr, 2 * page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ::madvise(at, 2 * page_size(), MADV_NOHUGEPAGE);
    at[0] = 1;
    std::array<uint64_t, 2> room{};
    auto entries = read_pagemap(reinterpret_cast<uintptr_t>(at) / page_size(), room);
    ASSERT_EQ(entries.size(), 2u);
    EXPECT_TRUE(entries[0] & kPresent);
    EXPECT_FALSE(entries[1] & kPresent);
    ::munmap(at, 2 * page_size());
}

TEST(OwnMemory, LinesOfSmapsAreWholeHoweverManyThereAre) {
    // Enough mappings for several pieces.
    std::array<void*, 600> mapped{};
    for (auto& at : mapped) at = ::mmap(nullptr, 2 * page_size(), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (auto at : mapped) ::mprotect(at, page_size(), PROT_NONE);  // None merges with its neighbour.
    size_t heads = 0, sizes = 0, others = 0;
    for_each_smaps_line([&](std::string_view line) {
        unsigned long from = 0, to = 0;
        if (std::sscanf(std::string(line).c_str(), "%lx-%lx ", &from, &to) == 2)
            heads++;
        else if (line.starts_with("Size:"))
            sizes++;
        else
            others += line.find(':') == line.npos;
        return true;
    });
    EXPECT_GE(heads, 600u);
    EXPECT_EQ(sizes, heads);
    EXPECT_EQ(others, 0u);
    for (auto at : mapped) ::munmap(at, 2 * page_size());
}

TEST(OwnMemory, LinesStopWhereNoMoreAreWanted) {
    size_t seen = 0;
    for_each_smaps_line([&](std::string_view) { return ++seen < 3; });
    EXPECT_EQ(seen, 3u);
}

}  // namespace
}  // namespace inlay::os
