// Ballast: held once, given back once.
#include "store/ballast.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "os/file.hpp"
#include "store/scratch_directory.hpp"

namespace inlay::store {
namespace {

TEST(Ballast, IsHeldUntilItIsThrownOffAndCanBeTakenOnAgain) {
    ScratchDirectory scratch;
    auto ballast = Ballast::create(scratch.path());
    ASSERT_TRUE(ballast.ok());
    EXPECT_FALSE(ballast->throw_off());
    for (int round = 0; round < 2; round++) {
        ballast->take_on();
        ballast->take_on();
        auto directory = os::open_directory(scratch.path());
        auto file = os::open_if_present(directory->get(), "ballast");
        ASSERT_TRUE(file.ok() && *file);
        EXPECT_EQ(os::status((*file)->get())->size, kBallastBytes);
        EXPECT_TRUE(ballast->throw_off());
        EXPECT_FALSE(ballast->throw_off());
    }
}

}  // namespace
}  // namespace inlay::store
