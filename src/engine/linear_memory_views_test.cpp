// Windows that are lent from kept views: what a guest sees is the file, whatever became of the windows before.
#include <gtest/gtest.h>

#include <cstring>

#include "base/limits.hpp"
#include "engine/engine_parts.hpp"
#include "engine/probe.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"

namespace inlay::engine {
namespace {

constexpr uint64_t kBytes = 4 * MiB;
const std::string kIdle = guest("(i32.const 0)");
const std::string kFill = guest("(memory.fill (call $probe (i32.const 0)) (i32.const 1) (i32.const 100)) (i32.const 0)", kImportProbe);
const std::string kStore = guest("(i32.store (call $probe (i32.const 0)) (i32.const 1)) (i32.const 0)", kImportProbe);

// The engine of this test program lends from views, as a lane's does.
class LinearMemoryViews : public testing::Test {
  protected:
    LinearMemoryViews() { workshop().worker().parts().views.emplace(); }
    ~LinearMemoryViews() override { workshop().worker().parts().views.reset(); }

    os::KeptViews& views() { return *workshop().worker().views(); }
    PlacedWindow place(LinearMemory& memory, uint64_t offset = 0, uint64_t length = kBytes) {
        auto placement = memory.place({file_.get(), offset, length}, os::Access::read, os::Sharing::private_);
        EXPECT_TRUE(placement.window);
        return placement.window.value_or(PlacedWindow{});
    }
    // Whether all of [offset, offset + length) of the file shows at `at`.
    bool shows(LinearMemory& memory, const PlacedWindow& window, uint64_t offset = 0, uint64_t length = kBytes) {
        return std::memcmp(memory.base() + window.offset, content_.data() + offset, length) == 0;
    }
    // An instance that has had the file, and is gone.
    void have_it_seen(const std::string& module = kIdle, int32_t result = 0) {
        RunningGuest running(module);
        auto window = place(running.memory());
        EXPECT_TRUE(shows(running.memory(), window));
        EXPECT_EQ(running.run([&](uint32_t) { return static_cast<int32_t>(window.offset); }), result);
    }

    std::string content_ = [] {
        std::string made(kBytes, '\0');
        for (size_t i = 0; i < made.size(); i++) made[i] = static_cast<char>(i * 31 >> 7);
        return made;
    }();
    os::Fd file_ = os::create_memfd_of("views-test", content_).value();
};

TEST_F(LinearMemoryViews, ShowTheFileToOneInstanceAfterTheOther) {
    for (int i = 0; i < 3; i++) {
        have_it_seen();
        views().end_round();
        EXPECT_EQ(views().size(), 1u);
    }
}

TEST_F(LinearMemoryViews, LeaveZerosBehindInTheSlot) {
    have_it_seen();
    RunningGuest next(kIdle);
    auto plain = next.memory().place_plain(kBytes).window;
    ASSERT_TRUE(plain);
    EXPECT_EQ(next.memory().bytes(GuestPtr{static_cast<uint32_t>(plain->offset)}, GuestLen{kBytes})->front(), 0);
    EXPECT_EQ(std::string_view(reinterpret_cast<char*>(next.memory().base() + plain->offset), kBytes), std::string(kBytes, '\0'));
}

TEST_F(LinearMemoryViews, ShowWhatTheFileHoldsByThen) {
    have_it_seen();
    content_.replace(5000, 7, "changed");
    ASSERT_TRUE(os::write_all_at(file_.get(), "changed", 5000).ok());
    have_it_seen();
}

TEST_F(LinearMemoryViews, FollowWindowsThatMoveAndGo) {
    for (int round = 0; round < 3; round++) {
        RunningGuest running(kIdle);
        auto& memory = running.memory();
        auto first = place(memory, 0, 2 * MiB), second = place(memory, 1 * MiB, 3 * MiB);
        EXPECT_TRUE(shows(memory, first, 0, 2 * MiB) && shows(memory, second, 1 * MiB, 3 * MiB));
        auto moved = memory.move(first.area, {file_.get(), 2 * MiB, 2 * MiB}, os::Access::read, os::Sharing::private_).window;
        ASSERT_TRUE(moved);
        EXPECT_TRUE(shows(memory, *moved, 2 * MiB, 2 * MiB));
        EXPECT_TRUE(memory.remove(second.area));
        EXPECT_TRUE(shows(memory, *moved, 2 * MiB, 2 * MiB));
        auto again = place(memory, 0, 3 * MiB);
        EXPECT_TRUE(shows(memory, again, 0, 3 * MiB));
    }
}

TEST_F(LinearMemoryViews, LendNothingThatMayBeWrittenAndNothingSmall) {
    RunningGuest running(kIdle);
    auto& memory = running.memory();
    EXPECT_TRUE(memory.place({file_.get(), 0, kBytes}, os::Access::read_write, os::Sharing::private_).window);
    EXPECT_TRUE(memory.place({file_.get(), 0, kBytes}, os::Access::read_write, os::Sharing::shared).window);
    place(memory, 0, kViewBytesMin - os::page_size());
    EXPECT_EQ(views().size(), 0u);
}

TEST_F(LinearMemoryViews, AreUnharmedByAGuestThatWritesWhereItMayNot) {
    have_it_seen();
    have_it_seen(kStore, -1000);
    have_it_seen();
    {
        // Bulk instructions run on over scratch pages, which must not be taken back.
        Probe state;
        auto program = workshop().program(kFill);
        Instance instance(*program, kMemoryBytesDefault, &state);
        ASSERT_TRUE(instance.start().ok());
        auto window = place(instance.memory());
        state.on_call = [&](uint32_t) { return static_cast<int32_t>(window.offset); };
        instance.call_handle();
        EXPECT_TRUE(instance.memory().last_fault().in_host_code);
    }
    have_it_seen();
    EXPECT_EQ(content_, os::read_from_start(file_.get(), kBytes).value());
}

}  // namespace
}  // namespace inlay::engine
