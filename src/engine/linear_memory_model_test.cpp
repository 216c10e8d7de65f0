// Linear memory in the large: thousands of windows against a model, objects larger than the address space, budgets, and windows
// that are written privately.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <vector>

#include "base/limits.hpp"
#include "engine/probe.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"

namespace inlay::engine {
namespace {

constexpr uint64_t kPage = 4096;
const std::string kIdle = guest("(i32.const 0)");
const std::string kCalled = guest("(call $probe (i32.const 0))", kImportProbe);

size_t mapping_count() {
    std::ifstream maps("/proc/self/maps");
    return static_cast<size_t>(std::count(std::istreambuf_iterator<char>(maps), {}, '\n'));
}

// A file whose every word tells where it lies.
os::Fd file_of_words(uint64_t size) {
    std::string content(size, 0);
    for (uint64_t i = 0; i < size; i += 8) *reinterpret_cast<uint64_t*>(content.data() + i) = i;
    return os::create_memfd_of("model-test", content).value();
}
os::Fd sparse_file(uint64_t size) { return os::create_memfd("model-test", size).value(); }

Placement place_input(LinearMemory& memory, const os::Fd& file, uint64_t offset, uint64_t length) {
    return memory.place({file.get(), offset, length}, os::Access::read, os::Sharing::private_);
}
Placement place_private(LinearMemory& memory, const os::Fd& file, uint64_t offset, uint64_t length) {
    return memory.place({file.get(), offset, length}, os::Access::read_write, os::Sharing::private_);
}
uint64_t word_at(LinearMemory& memory, uint64_t address) { return *reinterpret_cast<const uint64_t*>(memory.base() + address); }

// What windows there should be, and what they should show.
class Model {
  public:
    Model(LinearMemory& memory, uint64_t seed) : memory_(memory), dice_(seed) {}

    size_t size() const { return windows_.size(); }
    void map() {
        Shown shown = random_piece();
        auto placed = place_input(memory_, file_, shown.offset, shown.length).window;
        ASSERT_TRUE(placed);
        shown.window = *placed;
        check(shown);
        windows_.push_back(shown);
    }
    void unmap() {
        size_t index = pick();
        check(windows_[index]);
        ASSERT_TRUE(memory_.remove(windows_[index].window.area));
        windows_[index] = windows_.back();
        windows_.pop_back();
    }
    void move() {
        size_t index = pick();
        Shown shown = random_piece();
        if (dice_() % 2) shown.length = std::min(windows_[index].length, kFileBytes - shown.offset);
        auto placed = memory_.move(windows_[index].window.area, {file_.get(), shown.offset, shown.length}, os::Access::read,
                                   os::Sharing::private_).window;
        ASSERT_TRUE(placed);
        shown.window = *placed;
        check(shown);
        windows_[index] = shown;
    }
    void check_all() {
        for (const auto& shown : windows_) check(shown);
        auto by_address = windows_;
        std::sort(by_address.begin(), by_address.end(), [](const Shown& a, const Shown& b) { return a.window.offset < b.window.offset; });
        for (size_t i = 1; i < by_address.size(); i++)
            ASSERT_LE(by_address[i - 1].window.offset + by_address[i - 1].length + 64, by_address[i].window.offset);
    }
    uint64_t dice(uint64_t sides) { return dice_() % sides; }

  private:
    static constexpr uint64_t kFileBytes = 4 * MiB;
    struct Shown {
        PlacedWindow window;
        uint64_t offset = 0;
        uint64_t length = 0;
    };

    size_t pick() { return dice_() % windows_.size(); }
    Shown random_piece() {
        uint64_t offset = dice_() % (kFileBytes / kPage) * kPage;
        uint64_t length = (1 + dice_() % 32) * kPage;
        return {{}, offset, std::min(length, kFileBytes - offset)};
    }
    // First and last word, one between, and zeros behind.
    void check(const Shown& shown) {
        uint64_t at = shown.window.offset;
        for (uint64_t inside : {uint64_t{0}, shown.length - 8, dice_() % (shown.length / 8) * 8})
            ASSERT_EQ(word_at(memory_, at + inside), shown.offset + inside);
        for (uint64_t behind : {0, 56}) ASSERT_EQ(word_at(memory_, at + shown.length + behind), 0u);
    }

    LinearMemory& memory_;
    std::mt19937_64 dice_;
    os::Fd file_ = file_of_words(kFileBytes);
    std::vector<Shown> windows_;
};

TEST(LinearMemoryModel, TenThousandRandomWindowsInOneInvocation) {
    RunningGuest(kCalled).run();  // What the engine and a slot take at their first use is not counted.
    size_t before = mapping_count(), most = 0;
    {
        RunningGuest guest(kCalled);
        Model model(guest.memory(), 11);
        EXPECT_EQ(guest.run([&](uint32_t) {
            while (model.size() < kWindowsMax && !testing::Test::HasFatalFailure())
                if (uint64_t way = model.dice(10); model.size() == 0 || way < 7)
                    model.map();
                else
                    way < 8 ? model.unmap() : model.move();
            model.check_all();
            most = mapping_count();
            for (int step = 0; step < 20'000 && !testing::Test::HasFatalFailure(); step++)
                model.dice(2) && model.size() < kWindowsMax ? model.map() : model.dice(2) ? model.unmap() : model.move();
            model.check_all();
            while (model.size() > 0 && !testing::Test::HasFatalFailure()) model.unmap();
            return 7;
        }), 7);
        auto file = sparse_file(1 * GiB);
        EXPECT_TRUE(place_input(guest.memory(), file, 0, 512 * MiB).window) << "what was free in pieces is whole again";
        EXPECT_LT(guest.memory().size(), 3 * GiB);
    }
    EXPECT_LE(most - before, 3 * kWindowsMax + 8) << "the budget counts every mapping";
    EXPECT_LE(mapping_count(), before + 64) << "room for what allocators keep; of the windows nothing is left";
}

// A file of zeros that takes no memory, with `n` in the first word of each window and at its very end.
os::Fd sparse_file_on_disk(uint64_t size, uint64_t step) {
    char name[] = "/var/tmp/inlay-model-test-XXXXXX";
    os::Fd file(::mkstemp(name));
    INLAY_CHECK(file && ::unlink(name) == 0 && os::truncate(file.get(), size).ok());
    for (uint64_t at = 0; at < size; at += step)
        INLAY_CHECK(os::write_all_at(file.get(), {reinterpret_cast<const char*>(&at), 8}, at).ok());
    return file;
}

TEST(LinearMemoryModel, AnObjectOf6GiBIsSeenInTheAddressSpaceOfOneWindow) {
    constexpr uint64_t kSize = 6 * GiB, kStep = 64 * MiB;
    RunningGuest guest(kIdle);
    auto file = sparse_file_on_disk(kSize, kStep);
    auto window = place_input(guest.memory(), file, 0, kStep).window;
    ASSERT_TRUE(window);
    uint64_t size = guest.memory().size();
    size_t mappings = mapping_count();
    for (uint64_t at = 0; at < kSize; at += kStep) {
        auto moved = guest.memory().move(window->area, {file.get(), at, kStep}, os::Access::read, os::Sharing::private_).window;
        ASSERT_TRUE(moved);
        ASSERT_EQ(moved->offset, window->offset) << "in its place";
        ASSERT_EQ(word_at(guest.memory(), moved->offset), at);
        ASSERT_EQ(word_at(guest.memory(), moved->offset + kStep - 8), 0u);
    }
    EXPECT_EQ(guest.memory().size(), size);
    EXPECT_LE(mapping_count(), mappings + 2);
}

TEST(LinearMemoryModel, WindowsOfChangingShapeTakeNoMoreThanTheLargest) {
    RunningGuest guest(kIdle);
    auto file = sparse_file(1 * GiB);
    auto largest = place_input(guest.memory(), file, 0, 68 * MiB).window;
    ASSERT_TRUE(largest && guest.memory().remove(largest->area));
    uint64_t size = guest.memory().size();
    std::mt19937_64 dice(3);
    auto window = place_input(guest.memory(), file, 0, 1 * MiB).window;
    for (int i = 0; i < 1000; i++) {
        uint64_t length = (1 + dice() % (64 * MiB / kPage)) * kPage, offset = dice() % 1000 * kPage;
        window = guest.memory().move(window->area, {file.get(), offset, length}, os::Access::read, os::Sharing::private_).window;
        ASSERT_TRUE(window);
    }
    EXPECT_EQ(guest.memory().size(), size);
}

TEST(LinearMemoryModel, AMoveThatFailsLeavesNoWindow) {
    RunningGuest guest(kIdle);
    auto file = sparse_file(1 * MiB);
    for (uint64_t length : {64 * KiB, 32 * KiB}) {
        auto window = place_input(guest.memory(), file, 0, 64 * KiB).window;
        ASSERT_TRUE(window);
        auto failed = guest.memory().move(window->area, {-1, 0, length}, os::Access::read, os::Sharing::private_);
        EXPECT_FALSE(failed.window);
        EXPECT_EQ(failed.error, PlaceError::failed);
        EXPECT_EQ(place_input(guest.memory(), file, 0, 64 * KiB).window->offset, window->offset) << "its area is free";
        ASSERT_TRUE(guest.memory().remove(window->area));
    }
}

TEST(LinearMemoryModel, WindowsEndWhereTheProcesssMappingsDo) {
    auto& budget = workshop().worker().mappings();
    auto file = sparse_file(1 * MiB);
    size_t all = budget.left();
    EXPECT_EQ(all, os::mappings_max() / 2);
    size_t others = all - 20;
    ASSERT_TRUE(budget.try_take(others)) << "somebody else's windows";
    {
        RunningGuest guest(kIdle);
        std::vector<PlacedWindow> windows;
        for (auto placed = place_input(guest.memory(), file, 0, kPage); placed.window; placed = place_input(guest.memory(), file, 0, kPage))
            windows.push_back(*placed.window);
        EXPECT_EQ(windows.size(), 6u) << "three each, and two for the run";
        auto refused = place_input(guest.memory(), file, 0, kPage);
        EXPECT_EQ(refused.error, PlaceError::limit);
        ASSERT_TRUE(guest.memory().remove(windows[2].area));
        EXPECT_TRUE(place_input(guest.memory(), file, 0, kPage).window) << "given back one by one";
        budget.give_back(3);
        EXPECT_TRUE(place_input(guest.memory(), file, 0, kPage).window) << "and by others";
        ASSERT_TRUE(budget.try_take(budget.left()));
    }
    EXPECT_EQ(budget.left(), 7u * 3 + 2) << "given back with the instance";
    budget.give_back(all - budget.left());
}

TEST(LinearMemoryModel, WhatAGuestGrowsBetweenWindowsIsCounted) {
    auto& budget = workshop().worker().mappings();
    auto file = sparse_file(1 * MiB);
    size_t all = budget.left();
    RunningGuest guest(engine::guest("(drop (memory.grow (i32.const 1))) (call $probe (i32.const 0))", kImportProbe));
    for (size_t count = 1; count <= 3; count++) {
        guest.run([&](uint32_t) { return place_input(guest.memory(), file, 0, kPage).window ? 0 : 1; });
        EXPECT_EQ(all - budget.left(), 5 * count);
    }
}

TEST(LinearMemoryModel, APrivateWindowIsWrittenAndNobodySeesIt) {
    RunningGuest guest(engine::guest(
        "(i32.store (call $probe (i32.const 0)) (i32.const 0x21212121))"
        "(memory.fill (i32.add (call $probe (i32.const 0)) (i32.const 5000)) (i32.const 34) (i32.const 10000))"
        "(memory.copy (i32.add (call $probe (i32.const 0)) (i32.const 20000)) (call $probe (i32.const 0)) (i32.const 4))"
        "(i32.load (i32.add (call $probe (i32.const 0)) (i32.const 20000)))", kImportProbe));
    auto file = os::create_memfd_of("model-test", std::string(64 * KiB, 'x')).value();
    auto other = place_input(guest.memory(), file, 0, 64 * KiB).window;
    auto written = place_private(guest.memory(), file, 0, 64 * KiB).window;
    ASSERT_TRUE(other && written);
    EXPECT_EQ(guest.run([&](uint32_t) { return static_cast<int32_t>(written->offset); }), 0x21212121);
    EXPECT_EQ(guest.memory().base()[written->offset + 14'999], '"');
    EXPECT_EQ(guest.memory().base()[written->offset + 15'000], 'x');
    const uint8_t* seen = guest.memory().base() + other->offset;
    EXPECT_TRUE(std::all_of(seen, seen + 64 * KiB, [](uint8_t byte) { return byte == 'x'; })) << "another window of the same file";
    EXPECT_EQ(os::read_from_start(file.get(), 64 * KiB).value(), std::string(64 * KiB, 'x'));
}

TEST(LinearMemoryModel, APrivateWindowIsOwnMemoryInFull) {
    const uint64_t own = 10 * 64 * KiB;  // One page is taken from the start.
    RunningGuest guest(engine::guest("(memory.grow (call $probe (i32.const 0)))", kImportProbe), own);
    auto file = sparse_file(2 * MiB);
    auto& memory = guest.memory();
    auto refused = place_private(memory, file, 0, 9 * 64 * KiB + kPage);
    EXPECT_FALSE(refused.window);
    EXPECT_EQ(refused.error, PlaceError::limit);
    EXPECT_TRUE(place_input(memory, file, 0, 2 * MiB).window) << "inputs count apart";
    auto window = place_private(memory, file, 0, 5 * 64 * KiB).window;
    ASSERT_TRUE(window);
    EXPECT_EQ(memory.charged_bytes(), 5 * 64 * KiB);
    EXPECT_FALSE(place_private(memory, file, 0, 4 * 64 * KiB + kPage).window);
    EXPECT_EQ(guest.run([](uint32_t) { return 5; }), -1) << "4 are left";
    EXPECT_GT(guest.run([](uint32_t) { return 4; }), 0);
    EXPECT_EQ(guest.run([](uint32_t) { return 1; }), -1);
    EXPECT_FALSE(memory.place_plain(1, kPage).window);
    ASSERT_TRUE(memory.remove(window->area));
    EXPECT_EQ(memory.charged_bytes(), 0u);
    EXPECT_EQ(guest.run([](uint32_t) { return 6; }), -1) << "5 are free again";
    EXPECT_GT(guest.run([](uint32_t) { return 5; }), 0);
    EXPECT_FALSE(place_private(memory, file, 0, kPage).window);
}

TEST(LinearMemoryModel, WhatWasWrittenPrivatelyIsGoneWithItsWindow) {
    RunningGuest guest(kIdle);
    auto file = os::create_memfd_of("model-test", std::string(64 * KiB, 'x')).value();
    auto window = place_private(guest.memory(), file, 0, 64 * KiB).window;
    ASSERT_TRUE(window);
    uint8_t* at = guest.memory().base() + window->offset;
    at[10] = 'y';
    ASSERT_EQ(guest.memory().move(window->area, {file.get(), 0, 64 * KiB}, os::Access::read_write, os::Sharing::private_).window->offset,
              window->offset);
    EXPECT_EQ(at[10], 'x');
    EXPECT_EQ(guest.memory().charged_bytes(), 64 * KiB) << "charged once";
}

}  // namespace
}  // namespace inlay::engine
