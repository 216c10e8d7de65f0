// The fault guard without an engine: bulk accesses by host code. How it works together with one: src/run/executor_test.cpp.
#include "os/fault_guard.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstring>

#include "os/file.hpp"
#include "os/mapping.hpp"
#include "os/memfd.hpp"

namespace inlay::os {
namespace {

constexpr size_t kBytes = 5 << 20;  // More than one scratch file.

// Handlers are for the whole process: each of these runs in a child of its own.
class FaultGuardDeathTest : public testing::Test {
  protected:
    static void install() { INLAY_CHECK(FaultGuard::install_behind_engine().ok()); }
    // Ends the child well, if `fine`.
    [[noreturn]] static void conclude(bool fine) { ::_exit(fine ? 0 : 1); }

    Fd file_ = create_memfd_of("fault-guard-test", std::string(kBytes, 'x')).value();
    Mapping window_ = Mapping::create(file_.get(), 0, kBytes, Access::read, Sharing::private_).value();
    FaultWatch watch_{{{window_.data(), window_.size()}}, {}};
    std::vector<WindowSpan>& windows_ = watch_.windows;
};

TEST(FaultGuard, AWindowHoldsItsBytesAndNoOther) {
    uint8_t bytes[10];
    WindowSpan window{bytes + 2, 4};
    EXPECT_FALSE(window.contains(bytes + 1));
    EXPECT_TRUE(window.contains(bytes + 2));
    EXPECT_TRUE(window.contains(bytes + 5));
    EXPECT_FALSE(window.contains(bytes + 6));
    EXPECT_FALSE((WindowSpan{bytes, 0}).contains(bytes));
}

TEST_F(FaultGuardDeathTest, AFillOverAReadOnlyWindowRunsToItsEndAndLeavesTheFile) {
    EXPECT_EXIT(
        {
            install();
            FaultGuard::watch(&watch_);
            std::memset(window_.data() + 100, 'y', kBytes - 100);
            bool noted = watch_.last.in_host_code;
            conclude(noted && read_from_start(file_.get(), kBytes).value() == std::string(kBytes, 'x'));
        },
        testing::ExitedWithCode(0), "");
}

TEST_F(FaultGuardDeathTest, ALostPageIsCoveredWithZerosOfNobody) {
    EXPECT_EXIT(
        {
            install();
            FaultGuard::watch(&watch_);
            ::signal(SIGBUS, SIG_DFL);
            INLAY_CHECK(place_nothing(window_.data(), kBytes).ok());
            uint8_t sum = 0;
            for (size_t i = 0; i < kBytes; i++) sum |= static_cast<volatile uint8_t*>(window_.data())[i];
            conclude(sum == 0 && watch_.last.in_host_code);
        },
        testing::ExitedWithCode(0), "");
}

TEST_F(FaultGuardDeathTest, AFaultIsCoveredAlsoWithoutADescriptorLeft) {
    EXPECT_EXIT(
        {
            install();
            FaultGuard::watch(&watch_);
            // Looked up before: the sanitizer needs descriptors of its own to follow `this`.
            uint8_t* bytes = window_.data();
            const Fault& last = watch_.last;
            rlimit none{};
            none.rlim_cur = none.rlim_max = 3;
            INLAY_CHECK(::setrlimit(RLIMIT_NOFILE, &none) == 0);
            std::memset(bytes, 'y', kBytes);
            conclude(last.in_host_code);
        },
        testing::ExitedWithCode(0), "");
}

TEST_F(FaultGuardDeathTest, OfManySpansTheOneThatWasHitIsCovered) {
    EXPECT_EXIT(
        {
            install();
            // Every second page is a span of its own.
            windows_.clear();
            for (size_t at = 0; at < kBytes; at += 2 * page_size()) windows_.push_back({window_.data() + at, page_size()});
            FaultGuard::watch(&watch_);
            bool fine = true;
            for (size_t part = 0; part <= 3; part += 3) {
                size_t index = (windows_.size() - 1) * part / 3;
                std::memset(windows_[index].at, 'y', page_size());
                fine &= watch_.last.in_host_code && windows_[index].at[page_size() - 1] == 'y';
            }
            fine &= windows_[1].at[0] == 'x' && windows_[windows_.size() - 2].at[0] == 'x';
            conclude(fine);
        },
        testing::ExitedWithCode(0), "");
    EXPECT_EXIT(
        {
            install();
            windows_.assign(1, {window_.data(), page_size()});
            windows_.push_back({window_.data() + 2 * page_size(), page_size()});
            FaultGuard::watch(&watch_);
            window_.data()[page_size()] = 1;
        },
        testing::KilledBySignal(SIGSEGV), "") << "between two of them";
}

TEST_F(FaultGuardDeathTest, AFaultElsewhereIsOurBugAndEndsTheProcess) {
    auto elsewhere = Mapping::create(file_.get(), 0, 4096, Access::read, Sharing::private_).value();
    EXPECT_EXIT(
        {
            install();
            FaultGuard::watch(&watch_);
            elsewhere.data()[0] = 1;
        },
        testing::KilledBySignal(SIGSEGV), "");
    EXPECT_EXIT(
        {
            install();
            FaultGuard::watch(nullptr);
            window_.data()[0] = 1;
        },
        testing::KilledBySignal(SIGSEGV), "");
}

TEST_F(FaultGuardDeathTest, AFaultIsNotedWithWhoeverRuns) {
    EXPECT_EXIT(
        {
            install();
            FaultWatch other;
            other.windows.push_back({window_.data() + page_size(), page_size()});
            windows_[0].size = page_size();
            FaultGuard::watch(&watch_);
            FaultGuard::watch(&other);
            window_.data()[page_size()] = 1;
            bool noted = other.last.in_host_code && !watch_.last.in_host_code;
            FaultGuard::watch(&watch_);
            window_.data()[0] = 1;
            conclude(noted && watch_.last.in_host_code);
        },
        testing::ExitedWithCode(0), "");
}

TEST_F(FaultGuardDeathTest, TheSecondHalfIsRefusedWithoutAnEngineBetween) {
    EXPECT_EXIT(
        {
            install();
            auto refused = FaultGuard::install_before_engine();
            conclude(!refused.ok() && refused.error().code == Errc::internal);
        },
        testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace inlay::os
