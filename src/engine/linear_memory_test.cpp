// Linear memory: windows lie where the guest sees them, cost what they should, and are gone afterwards.
#include "engine/linear_memory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iomanip>
#include <sstream>

#include "base/limits.hpp"
#include "engine/probe.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"
#include "os/page_survey.hpp"
#include "os/pages.hpp"
#include "os/scratch.hpp"

namespace inlay::engine {
namespace {

constexpr const char* kFileName = "linear-memory-test";
const std::string kIdle = guest("(i32.const 0)");
// Returns the byte at the address that "probe" answers with.
const std::string kPeek = guest("(i32.load8_u (call $probe (i32.const 0)))", kImportProbe);

std::string maps() {
    std::ostringstream text;
    text << std::ifstream("/proc/self/maps").rdbuf();
    return text.str();
}

// "r--p" of the mapping that holds `address`.
std::string access_at(const uint8_t* address) {
    std::istringstream lines(maps());
    for (std::string line; std::getline(lines, line);) {
        uintptr_t from = 0, to = 0;
        char dash, access[5] = {};
        std::istringstream fields(line);
        fields >> std::hex >> from >> dash >> to >> std::setw(5) >> access;
        if (reinterpret_cast<uintptr_t>(address) >= from && reinterpret_cast<uintptr_t>(address) < to) return access;
    }
    return "none";
}

os::Fd file_of(const std::string& content) { return os::create_memfd_of(kFileName, content).value(); }
os::Fd sparse_file(uint64_t size) { return os::create_memfd(kFileName, size).value(); }

Placement place_input(LinearMemory& memory, const os::Fd& file, uint64_t offset, uint64_t length) {
    return memory.place({file.get(), offset, length}, os::Access::read, os::Sharing::private_);
}
Placement place_output(LinearMemory& memory, const os::Fd& file, uint64_t length) {
    return memory.place({file.get(), 0, length}, os::Access::read_write, os::Sharing::shared);
}

TEST(LinearMemory, GivesBytesInsideAndNothingBeyond) {
    RunningGuest guest(kIdle);
    auto& memory = guest.memory();
    auto found = [&](uint32_t address, uint32_t length) { return memory.bytes(GuestPtr{address}, GuestLen{length}); };
    EXPECT_EQ(memory.size(), 0x10000u);
    EXPECT_EQ(found(0, 0x10000)->size(), 0x10000u);
    EXPECT_EQ(found(0xffff, 1)->data(), memory.base() + 0xffff);
    EXPECT_TRUE(found(0x10000, 0));
    EXPECT_FALSE(found(0x10001, 0));
    EXPECT_FALSE(found(0x10000, 1));
    EXPECT_FALSE(found(0, 0x10001));
    EXPECT_FALSE(found(0xffff'ffff, 1));
    EXPECT_FALSE(found(0xffff'ffff, 0xffff'ffff));
    EXPECT_FALSE(found(1, 0xffff'ffff)) << "wraps to 0 in 32 bits";
}

TEST(LinearMemory, GivesNothingBeforeItIsAttached) {
    LinearMemory memory;
    EXPECT_FALSE(memory.attached());
    EXPECT_FALSE(memory.bytes(GuestPtr{0}, GuestLen{0}));
}

TEST(LinearMemory, ReachesTheLastByteOf4GiBAndNoFurther) {
    RunningGuest guest(kIdle);
    auto file = sparse_file(3 * GiB);
    ASSERT_TRUE(place_input(guest.memory(), file, 0, 3 * GiB).window);
    ASSERT_TRUE(place_input(guest.memory(), file, 0, 4 * GiB - guest.memory().size() - 4096).window);
    EXPECT_EQ(guest.memory().size(), 4 * GiB);
    EXPECT_TRUE(guest.memory().bytes(GuestPtr{0xffff'ffff}, GuestLen{1}));
    EXPECT_FALSE(guest.memory().bytes(GuestPtr{0xffff'ffff}, GuestLen{2}));
    auto full = place_input(guest.memory(), file, 0, 4096);
    EXPECT_FALSE(full.window);
    EXPECT_EQ(full.error, PlaceError::no_room);
}

TEST(LinearMemory, RefusesWhatDoesNotFitAndStaysAsItWas) {
    RunningGuest guest(kPeek);
    auto file = sparse_file(5 * GiB);
    for (uint64_t size : {4 * GiB, 5 * GiB, 4 * GiB - 64 * KiB}) {
        auto refused = place_input(guest.memory(), file, 0, size);
        EXPECT_FALSE(refused.window);
        EXPECT_EQ(refused.error, PlaceError::no_room);
        EXPECT_EQ(guest.memory().size(), 0x10000u);
    }
}

TEST(LinearMemory, AGuestReadsTheFilesOwnPages) {
    RunningGuest guest(kPeek);
    auto file = file_of(std::string(4096, 'a') + std::string(4096, 'b'));
    auto window = place_input(guest.memory(), file, 4096, 4096).window;
    ASSERT_TRUE(window);
    EXPECT_EQ(guest.run([&](uint32_t) { return static_cast<int32_t>(window->offset); }), 'b');
    uint8_t* at = guest.memory().base() + window->offset;
    EXPECT_EQ(access_at(at), "r--p");
    EXPECT_EQ(access_at(at + 4096), "rw-p") << "the tail";
}

TEST(LinearMemory, WhatIsWrittenIntoAnOutputWindowIsInTheFile) {
    RunningGuest guest(kIdle);
    auto file = sparse_file(8192);
    auto window = place_output(guest.memory(), file, 8192).window;
    ASSERT_TRUE(window);
    EXPECT_EQ(access_at(guest.memory().base() + window->offset), "rw-s");
    guest.memory().base()[window->offset + 5000] = 'o';
    auto seen = os::Mapping::create(file.get(), 0, 8192, os::Access::read, os::Sharing::shared).value();
    EXPECT_EQ(seen.data()[5000], 'o');
}

TEST(LinearMemory, BehindEveryWindowAre64ReadableZeros) {
    RunningGuest guest(kIdle);
    auto file = file_of(std::string(3 * MiB, 'x'));
    for (uint64_t pages : {1u, 2u, 15u, 16u, 17u, 31u, 32u, 512u, 513u, 528u}) {
        auto window = place_input(guest.memory(), file, 0, pages * 4096).window;
        ASSERT_TRUE(window);
        const uint8_t* end = guest.memory().base() + window->offset + pages * 4096;
        EXPECT_EQ(end[-1], 'x');
        EXPECT_LE(window->offset + pages * 4096 + 64, guest.memory().size());
        EXPECT_TRUE(std::all_of(end, end + 64, [](uint8_t byte) { return byte == 0; })) << pages;
    }
    auto plain = guest.memory().place_plain(64 * KiB).window;
    ASSERT_TRUE(plain);
    EXPECT_LE(plain->offset + 64 * KiB + 64, guest.memory().size());
}

TEST(LinearMemory, TheTailOfAReusedAreaIsZeroAgain) {
    RunningGuest guest(kIdle);
    auto file = file_of(std::string(60 * KiB, 'x'));
    auto first = place_input(guest.memory(), file, 0, 60 * KiB).window;
    ASSERT_TRUE(first);
    guest.memory().base()[first->offset + 60 * KiB] = 'y';
    ASSERT_TRUE(guest.memory().remove(first->area));
    auto second = place_input(guest.memory(), file, 0, 4096).window;
    ASSERT_TRUE(second);
    ASSERT_EQ(second->offset, first->offset);
    const uint8_t* tail = guest.memory().base() + second->offset + 4096;
    EXPECT_EQ(access_at(tail), "rw-p");
    EXPECT_TRUE(std::all_of(tail, tail + 60 * KiB, [](uint8_t byte) { return byte == 0; }));
}

TEST(LinearMemory, LargeWindowsLieSoThatHugePagesFit) {
    RunningGuest guest(kIdle);
    auto file = sparse_file(64 * MiB);
    for (uint64_t offset : {uint64_t{0}, uint64_t{4096}, 72 * KiB, 2 * MiB, 3 * MiB + 4096})
        for (uint64_t length : {4 * MiB, 16 * MiB, 16 * MiB + 4096, 23 * MiB}) {
            auto window = place_input(guest.memory(), file, offset, length).window;
            ASSERT_TRUE(window);
            uint64_t address = reinterpret_cast<uintptr_t>(guest.memory().base()) + window->offset;
            EXPECT_EQ(address % (2 * MiB), offset % (2 * MiB)) << offset << ' ' << length;
        }
}

// What smaps says of huge pages in the mapping that begins at `at`.
std::string huge_pages_at(const uint8_t* at) {
    std::ifstream smaps("/proc/self/smaps");
    std::ostringstream begin;
    begin << std::hex << reinterpret_cast<uintptr_t>(at) << '-';
    bool inside = false;
    for (std::string line; std::getline(smaps, line);) {
        inside = inside || line.starts_with(begin.str());
        if (inside && line.starts_with("FilePmdMapped:")) return line.substr(line.find_first_of("0123456789"));
    }
    return "none";
}

TEST(LinearMemory, AWindowShowsTheHugePagesOfItsFile) {
    os::Scratch scratch;
    auto file = os::create_unnamed(scratch.fd());
    if (!file.ok()) GTEST_SKIP() << file.error().detail;
    ASSERT_TRUE(os::write_all_at(file->get(), std::string(4 * MiB, 'x'), 0).ok() && os::sync(file->get()).ok());
    os::drop_from_memory(file->get());
    {
        auto view = os::Mapping::create(file->get(), 0, 4 * MiB, os::Access::read, os::Sharing::shared).value();
        ASSERT_TRUE(os::bring_into_memory({reinterpret_cast<const char*>(view.data()), view.size()}));
    }
    if (os::survey_pages(file->get(), 4 * MiB)->huge_bytes < 4 * MiB) GTEST_SKIP() << "this kernel or filesystem gives files no huge pages";
    RunningGuest guest(kIdle);
    auto window = place_input(guest.memory(), *file, 0, 4 * MiB).window;
    ASSERT_TRUE(window);
    const uint8_t* at = guest.memory().base() + window->offset;
    for (uint64_t page = 0; page < 4 * MiB; page += 4096) ASSERT_EQ(at[page], 'x');
    EXPECT_EQ(huge_pages_at(at), "4096 kB");
}

TEST(LinearMemory, LeadsOfManySmallWindowsLeaveRoomForThem) {
    RunningGuest guest(kIdle);
    auto file = sparse_file(2 * MiB);
    size_t windows = 0, aligned = 0;
    for (Placement placed; (placed = place_input(guest.memory(), file, 0, 2 * MiB)).window; windows++)
        aligned += (reinterpret_cast<uintptr_t>(guest.memory().base()) + placed.window->offset) % (2 * MiB) == 0;
    EXPECT_EQ(place_input(guest.memory(), file, 0, 2 * MiB).error, PlaceError::no_room) << "the addresses end first";
    EXPECT_GT(windows, 1'700u);
    EXPECT_GT(aligned, 150u);
    EXPECT_LT(aligned, 300u);
}

TEST(LinearMemory, ARemovedWindowIsOutOfReachAndItsAreaIsUsedAgain) {
    RunningGuest guest(kPeek);
    auto file = file_of(std::string(100'000, 'x'));
    auto first = place_input(guest.memory(), file, 0, 100'000).window;
    ASSERT_TRUE(first);
    uint64_t size = guest.memory().size();
    ASSERT_TRUE(guest.memory().remove(first->area));
    EXPECT_EQ(access_at(guest.memory().base() + first->offset), "---p");
    EXPECT_EQ(access_at(guest.memory().base() + size - 1), "---p") << "its tail too: it would be free memory";
    auto second = place_input(guest.memory(), file, 0, 50'000).window;
    ASSERT_TRUE(second);
    EXPECT_EQ(second->offset, first->offset);
    EXPECT_EQ(guest.memory().size(), size);
    EXPECT_EQ(guest.run([&](uint32_t) { return static_cast<int32_t>(second->offset + 49'999); }), 'x');
    auto third = place_input(guest.memory(), file, 0, 50'000).window;
    ASSERT_TRUE(third);
    EXPECT_GT(third->offset, first->offset) << "the area is taken";
}

TEST(LinearMemory, TheSmallestFreeAreaIsTaken) {
    RunningGuest guest(kIdle);
    auto file = sparse_file(1 * MiB);
    auto large = place_input(guest.memory(), file, 0, 1 * MiB).window, between = place_input(guest.memory(), file, 0, 4096).window,
         small = place_input(guest.memory(), file, 0, 4096).window;
    ASSERT_TRUE(large && between && small && guest.memory().remove(large->area) && guest.memory().remove(small->area));
    EXPECT_EQ(place_input(guest.memory(), file, 0, 4096).window->offset, small->offset);
    EXPECT_EQ(place_input(guest.memory(), file, 0, 4096).window->offset, large->offset);
}

TEST(LinearMemory, ALoadFromARemovedWindowTraps) {
    RunningGuest guest(kPeek);
    auto file = file_of("x");
    auto window = place_input(guest.memory(), file, 0, 4096).window;
    ASSERT_TRUE(window && guest.memory().remove(window->area));
    EXPECT_EQ(guest.run([&](uint32_t) { return static_cast<int32_t>(window->offset); }), -1000);
}

// Uses plain memory up, but for `rest` bytes.
void use_up_slack(LinearMemory& memory, uint64_t rest) {
    constexpr uint64_t kPiece = 1 * MiB;  // With what is readable behind it.
    for (uint64_t left = kWindowSlackMax - rest; left > 0; left -= std::min(left, kPiece))
        ASSERT_TRUE(memory.place_plain(std::min(left, kPiece) - 4096).window);
}

TEST(LinearMemory, PlainMemoryInWindowsIsBoundedAndGivenBack) {
    RunningGuest guest(kIdle, 64 * KiB);  // All taken by the module's first page: windows do not count there.
    use_up_slack(guest.memory(), 64 * KiB);
    auto last = guest.memory().place_plain(1);
    ASSERT_TRUE(last.window);
    auto refused = guest.memory().place_plain(1);
    EXPECT_FALSE(refused.window);
    EXPECT_EQ(refused.error, PlaceError::limit);
    ASSERT_TRUE(guest.memory().remove(last.window->area));
    EXPECT_TRUE(guest.memory().place_plain(1).window);
}

TEST(LinearMemory, OfAFilesWindowOnlyTheTailIsPlainMemory) {
    RunningGuest guest(kIdle);
    auto file = sparse_file(1 * GiB);
    use_up_slack(guest.memory(), 64 * KiB);
    EXPECT_TRUE(place_input(guest.memory(), file, 0, 1 * GiB - 4096).window) << "4 KiB of tail";
    EXPECT_TRUE(place_input(guest.memory(), file, 0, 60 * KiB).window) << "4 KiB of tail";
    auto refused = place_input(guest.memory(), file, 0, 64 * KiB);  // 64 KiB of tail.
    EXPECT_FALSE(refused.window);
    EXPECT_EQ(refused.error, PlaceError::limit);
}

TEST(LinearMemory, ALargeFreeAreaServesASmallWindow) {
    RunningGuest guest(kIdle);
    auto file = sparse_file(3 * GiB);
    for (int i = 0; i < 3; i++) {
        auto large = place_input(guest.memory(), file, 0, 3 * GiB).window;
        ASSERT_TRUE(large && guest.memory().remove(large->area));
        auto small = place_input(guest.memory(), file, 0, 4096).window;
        ASSERT_TRUE(small) << "the rest of the area is no plain memory";
        EXPECT_EQ(access_at(guest.memory().base() + small->offset + 1 * MiB), "---p");
        ASSERT_TRUE(guest.memory().remove(small->area));
    }
}

TEST(LinearMemory, HoldsWindowsMaxAndNoMore) {
    RunningGuest guest(kIdle);
    auto file = sparse_file(4096);
    size_t last = 0;
    for (size_t i = 0; i < kWindowsMax; i++) {
        auto window = place_input(guest.memory(), file, 0, 4096).window;
        ASSERT_TRUE(window) << i;
        last = window->area;
    }
    auto refused = place_input(guest.memory(), file, 0, 4096);
    EXPECT_FALSE(refused.window);
    EXPECT_EQ(refused.error, PlaceError::limit);
    ASSERT_TRUE(guest.memory().remove(last));
    EXPECT_TRUE(place_input(guest.memory(), file, 0, 4096).window);
}

TEST(LinearMemory, AFileThatCannotBeMappedLeavesAFreeArea) {
    RunningGuest guest(kIdle);
    auto failed = guest.memory().place({-1, 0, 4096}, os::Access::read, os::Sharing::private_);
    EXPECT_FALSE(failed.window);
    EXPECT_EQ(failed.error, PlaceError::failed);
    EXPECT_EQ(access_at(guest.memory().base() + 0x10000), "---p");
    auto file = file_of("x");
    EXPECT_EQ(place_input(guest.memory(), file, 0, 4096).window->offset, 0x10000u);
}

TEST(LinearMemory, ARestoredMemoryHoldsNoWindow) {
    auto file = file_of(std::string(4 * MiB, 'x'));
    {
        RunningGuest guest(kIdle);
        auto removed = place_input(guest.memory(), file, 0, 4096).window;
        ASSERT_TRUE(removed && place_input(guest.memory(), file, 0, 4 * MiB).window);
        ASSERT_TRUE(place_output(guest.memory(), file, 8192).window && guest.memory().place_plain(1).window);
        ASSERT_TRUE(guest.memory().remove(removed->area));
        EXPECT_NE(maps().find(kFileName), std::string::npos);
        uint8_t *from = guest.memory().base() + 0x10000, *to = guest.memory().base() + guest.memory().size();
        guest.memory().restore();
        EXPECT_EQ(maps().find(kFileName), std::string::npos);
        for (const uint8_t* at = from; at < to; at += 4096) ASSERT_EQ(*at, 0);
    }
    EXPECT_EQ(maps().find(kFileName), std::string::npos);
}

TEST(LinearMemory, ADroppedInstanceTakesItsWindowsWithIt) {
    auto file = file_of(std::string(4 * MiB, 'x'));
    for (int i = 0; i < 3; i++) {
        RunningGuest guest(kIdle);
        ASSERT_TRUE(place_input(guest.memory(), file, 0, 4 * MiB).window && place_output(guest.memory(), file, 4096).window);
    }
    EXPECT_EQ(maps().find(kFileName), std::string::npos);
}

TEST(LinearMemory, CountsThePagesThatBecamePrivate) {
    RunningGuest guest(kIdle);
    auto file = file_of(std::string(1 * MiB, 'x'));
    auto window = place_input(guest.memory(), file, 0, 1 * MiB).window;
    ASSERT_TRUE(window);
    uint64_t before = guest.memory().private_pages();
    uint64_t sum = 0;
    for (size_t i = 0; i < 1 * MiB; i += 4096) sum += guest.memory().base()[window->offset + i];
    EXPECT_EQ(sum, 256u * 'x');
    EXPECT_EQ(guest.memory().private_pages(), before) << "reading an input makes nothing private";
    guest.memory().base()[0] = 1, guest.memory().base()[4096] = 1;
    EXPECT_EQ(guest.memory().private_pages(), before + 2);
}

}  // namespace
}  // namespace inlay::engine
