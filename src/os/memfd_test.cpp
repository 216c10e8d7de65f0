// Memory files: sealed ones stay as they are, whoever tries.
#include "os/memfd.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "os/file.hpp"
#include "os/mapping.hpp"

namespace inlay::os {
namespace {

TEST(Memfd, BeginsWithZerosOrWithTheGivenBytes) {
    EXPECT_EQ(read_from_start(create_memfd("memfd-test", 10'000).value().get(), 10'000).value(), std::string(10'000, '\0'));
    EXPECT_EQ(read_from_start(create_memfd("memfd-test", 0).value().get(), 1).value(), "");
    EXPECT_EQ(read_from_start(create_memfd_of("memfd-test", "content").value().get(), 7).value(), "content");
}

TEST(Memfd, ReceivesAllOfAPipeUpToABound) {
    for (size_t size : {size_t{0}, size_t{1}, size_t{100'000}, size_t{8} << 20, (size_t{8} << 20) + 1, size_t{20'000'000}}) {
        std::string content(size, '\0');
        for (size_t i = 0; i < size; i++) content[i] = static_cast<char>(i * 31 + i / 4096);
        for (bool fits : {true, false}) {
            if (!fits && size == 0) continue;
            int ends[2];
            ASSERT_EQ(::pipe(ends), 0);
            Fd from(ends[0]), to(ends[1]);
            // What nobody reads any more is lost.
            std::thread writer([&] {
                ::signal(SIGPIPE, SIG_IGN);
                (void)write_all(to.get(), content);
                to.close();
            });
            auto received = create_memfd_from("memfd-test", from.get(), fits ? size : size - 1);
            from.close();
            writer.join();
            ASSERT_EQ(received.ok(), fits) << size;
            if (!fits) {
                EXPECT_EQ(received.error().code, Errc::body_too_large);
                continue;
            }
            EXPECT_EQ(read_from_start(received->get(), size).value(), content);
            EXPECT_FALSE(truncate(received->get(), size + 1).ok()) << "it is sealed";
        }
    }
    EXPECT_EQ(create_memfd_from("memfd-test", -1, 1).error().code, Errc::io_error);
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

TEST(Memfd, PagesThatAreFreedAreZeroForEverybody) {
    auto fd = create_memfd_of("memfd-test", std::string(10'000, 'x')).value();
    auto view = Mapping::create(fd.get(), 0, 10'000, Access::read, Sharing::private_).value();
    EXPECT_EQ(view.data()[9'999], 'x');
    free_pages(fd.get());
    EXPECT_EQ(view.data()[9'999], 0);
    EXPECT_EQ(status(fd.get())->size, 10'000u);
}

TEST(Memfd, ASealedContentIsFinal) {
    auto fd = create_memfd_of("memfd-test", "content").value();
    ASSERT_TRUE(seal_size(fd.get()).ok());
    EXPECT_FALSE(is_sealed(fd.get()));
    ASSERT_TRUE(seal(fd.get()).ok());
    EXPECT_TRUE(is_sealed(fd.get()));
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
