// An invocation's state: which window holds a range, and what a fault means.
#include "run/invocation.hpp"

#include <gtest/gtest.h>

#include "../../abi/inlay.h"
#include "base/limits.hpp"

namespace inlay::run {
namespace {

class InvocationTest : public testing::Test {
  protected:
    void add_window(uint64_t address, uint64_t length) {
        Window window;
        window.length = length;
        invocation_.windows.emplace(address, std::move(window));
    }
    // Where the window that holds the range begins; 0: none does.
    uint64_t found(uint64_t address, uint64_t length) const {
        auto window = invocation_.window_of(address, length);
        return window ? window->first : 0;
    }

    registry::Function function_;
    Request request_;
    struct NoSupply final : Supply {
        Result<std::shared_ptr<const registry::Object>> get_object(const ObjectName&) override { return Error{Errc::object_not_found, ""}; }
        bool may_read(const std::shared_ptr<const os::Pages>&, uint64_t, uint64_t) override { return true; }
        Result<std::shared_ptr<const os::Pages>> create_output(uint64_t) override { return Error{Errc::overloaded, ""}; }
        bool take_log_line(uint64_t, std::string_view) override { return takes_lines; }
        bool takes_lines = false;
    } supply_;
    Terms terms_;
    Invocation invocation_{function_, request_, supply_, terms_};
};

TEST_F(InvocationTest, FindsTheWindowThatHoldsAllOfARange) {
    EXPECT_EQ(found(0, 0), 0u);
    add_window(1000, 100);
    add_window(2000, 100);
    EXPECT_EQ(found(999, 1), 0u);
    EXPECT_EQ(found(1000, 100), 1000u);
    EXPECT_EQ(found(1000, 101), 0u);
    EXPECT_EQ(found(1099, 1), 1000u);
    EXPECT_EQ(found(1100, 1), 0u);
    EXPECT_EQ(found(999, 200), 0u);
    EXPECT_EQ(found(2050, 50), 2000u);
    EXPECT_EQ(found(1050, 1000), 0u) << "across two";
}

TEST_F(InvocationTest, NamesItselfBy16DigitsAndItsAttempt) {
    terms_.id = 0x1a;
    EXPECT_EQ(invocation_.id_text(), "000000000000001a");
    terms_.attempt = 2;
    EXPECT_EQ(invocation_.id_text(), "000000000000001a.2");
}

TEST_F(InvocationTest, CountsLinesThatOthersKeep) {
    supply_.takes_lines = true;
    for (size_t i = 0; i < kLogLinesPerInvocationMax; i++) EXPECT_TRUE(invocation_.add_log(1, "x"));
    EXPECT_FALSE(invocation_.add_log(1, "x"));
    EXPECT_TRUE(invocation_.log.lines.empty());
}

TEST_F(InvocationTest, AFaultBeforeItsMemoryIsKnownIsNoFaultInAWindow) {
    EXPECT_FALSE(invocation_.explain_fault());
    engine::LinearMemory not_attached;
    invocation_.memory = &not_attached;
    EXPECT_FALSE(invocation_.explain_fault());
}

TEST_F(InvocationTest, CutsLogLinesAndKeepsRoomForTheLastOne) {
    EXPECT_TRUE(invocation_.add_log(1, std::string(kLogLineBytesMax + 1, 'x')));
    EXPECT_EQ(invocation_.log.lines[0].text.size(), kLogLineBytesMax);
    for (size_t i = 1; i < kLogLinesPerInvocationMax; i++) EXPECT_TRUE(invocation_.add_log(1, "x"));
    EXPECT_FALSE(invocation_.add_log(1, "x"));
    EXPECT_EQ(invocation_.log.lines.size(), kLogLinesPerInvocationMax);
    invocation_.add_last_log(INLAY_LOG_ERROR, "why it ended");
    EXPECT_EQ(invocation_.log.lines.back().text, "why it ended");
}

}  // namespace
}  // namespace inlay::run
