// Memory files: sealed ones stay as they are, whoever tries.
#include "os/memfd.hpp"

#include <gtest/gtest.h>

#include "os/file.hpp"
#include "os/mapping.hpp"

namespace inlay::os {
namespace {

TEST(Memfd, BeginsWithZerosOrWithTheGivenBytes) {
    EXPECT_EQ(read_from_start(create_memfd("memfd-test", 10'000).value().get(), 10'000).value(), std::string(10'000, '\0'));
    EXPECT_EQ(read_from_start(create_memfd("memfd-test", 0).value().get(), 1).value(), "");
    EXPECT_EQ(read_from_start(create_memfd_of("memfd-test", "content").value().get(), 7).value(), "content");
}

TEST(Memfd, ASealedSizeIsFinalAndTheContentIsNot) {
    auto fd = create_memfd("memfd-test", 4096).value();
    ASSERT_TRUE(seal_size(fd.get()).ok());
    EXPECT_FALSE(truncate(fd.get(), 0).ok());
    EXPECT_FALSE(truncate(fd.get(), 8192).ok());
    EXPECT_TRUE(write_all_at(fd.get(), "x", 0).ok());
    EXPECT_FALSE(write_all_at(fd.get(), "x", 4096).ok()) << "grows it";
    EXPECT_TRUE(Mapping::create(fd.get(), 0, 4096, Access::read_write, Sharing::shared).ok());
}

TEST(Memfd, ASealedContentIsFinal) {
    auto fd = create_memfd_of("memfd-test", "content").value();
    ASSERT_TRUE(seal_size(fd.get()).ok());
    ASSERT_TRUE(seal(fd.get()).ok());
    EXPECT_FALSE(write_all_at(fd.get(), "x", 0).ok());
    EXPECT_FALSE(truncate(fd.get(), 0).ok());
    EXPECT_FALSE(Mapping::create(fd.get(), 0, 4096, Access::read_write, Sharing::shared).ok());
    EXPECT_TRUE(Mapping::create(fd.get(), 0, 4096, Access::read, Sharing::private_).ok());
    EXPECT_EQ(read_from_start(fd.get(), 7).value(), "content");
}

TEST(Memfd, CannotBeSealedWhileSomebodyCanWrite) {
    auto fd = create_memfd("memfd-test", 4096).value();
    auto writer = Mapping::create(fd.get(), 0, 4096, Access::read_write, Sharing::shared).value();
    auto refused = seal(fd.get());
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, Errc::io_error);
    writer.unmap();
    EXPECT_TRUE(seal(fd.get()).ok());
}

}  // namespace
}  // namespace inlay::os
