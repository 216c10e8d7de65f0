// A descriptor has one owner, which closes it once.
#include "os/fd.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace inlay::os {
namespace {

int open_one() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(Fd, ClosesWhenItEnds) {
    int number = open_one();
    { Fd fd(number); EXPECT_TRUE(fd && is_open(number)); }
    EXPECT_FALSE(is_open(number));
}

TEST(Fd, EmptyOnesOwnNothing) {
    Fd none;
    EXPECT_FALSE(none);
    EXPECT_EQ(none.get(), -1);
    none.close();
}

TEST(Fd, MovesItsDescriptor) {
    int number = open_one(), other = open_one();
    Fd first(number);
    Fd second(std::move(first));
    EXPECT_FALSE(first);
    Fd third(other);
    third = std::move(second);
    EXPECT_FALSE(is_open(other)) << "replaced";
    EXPECT_TRUE(is_open(number));
    auto& same = third;
    third = std::move(same);
    EXPECT_TRUE(is_open(number)) << "moved to itself";
    third.close();
    EXPECT_FALSE(third);
    EXPECT_FALSE(is_open(number));
}

TEST(Fd, ReleasedOnesStayOpen) {
    int number = -1;
    { Fd fd(open_one()); number = fd.release(); EXPECT_FALSE(fd); }
    EXPECT_TRUE(is_open(number));
    ::close(number);
}

}  // namespace
}  // namespace inlay::os
