// Kept functions: one place for each kind of compilation of a function, and not more of them than there may be.
#include "control/kept_code.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace inlay::control {
namespace {

using engine::Checks;
using Task = CompileJob::Task;

TEST(KeptCode, AreThoseOfTheSameCompilation) {
    KeptCode kept;
    auto first = kept.of("first", Task::compile, Checks::epoch);
    EXPECT_NE(kept.of("second", Task::compile, Checks::epoch), first);
    EXPECT_NE(kept.of("first", Task::compile, Checks::none), first);
    EXPECT_NE(kept.of("first", Task::initialise, Checks::none), kept.of("first", Task::compile, Checks::none));
    EXPECT_EQ(kept.of("first", Task::compile, Checks::epoch), first);
}

TEST(KeptCode, AreSoManyAtMost) {
    KeptCode kept;
    std::vector<std::weak_ptr<os::Fd>> all;
    std::weak_ptr<os::Fd> used = kept.of("used", Task::compile, Checks::epoch);
    for (size_t i = 0; i < 3 * kKeptCodesMax; i++) {
        all.push_back(kept.of(std::to_string(i), Task::compile, Checks::epoch));
        kept.of("used", Task::compile, Checks::epoch);
    }
    size_t alive = 0;
    for (const auto& one : all) alive += !one.expired();
    EXPECT_EQ(alive, kKeptCodesMax - 1);
    EXPECT_FALSE(all.back().expired());
    EXPECT_FALSE(used.expired()) << "what is asked for stays";
}

}  // namespace
}  // namespace inlay::control
