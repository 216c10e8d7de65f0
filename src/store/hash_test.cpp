// XXH3-128: known values, and the same for bytes and files.
#include "store/hash.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "os/file.hpp"
#include "os/memfd.hpp"

namespace inlay::store {
namespace {

TEST(Hash, IsTheCanonicalFormThatXxhsumPrints) {
    EXPECT_EQ(xxh3_128_hex(""), "99aa06d3014798d86001c324468d497f");
    EXPECT_NE(xxh3_128_hex("a"), xxh3_128_hex("b"));
}

TEST(Hash, OfAFileIsThatOfItsBytesWhateverItsPosition) {
    for (size_t size : {size_t{0}, size_t{1}, 1 * MiB - 1, 1 * MiB, 3 * MiB + 5}) {
        std::string bytes(size, 'x');
        for (size_t i = 0; i < size; i += 4093) bytes[i] = static_cast<char>(i);
        auto file = os::create_memfd_of("hash-test", bytes);
        ASSERT_TRUE(file.ok());
        auto hash = xxh3_128_hex(file.value());
        ASSERT_TRUE(hash.ok());
        EXPECT_EQ(hash.value(), xxh3_128_hex(bytes)) << size;
    }
}

TEST(Hash, OfWhatCannotBeReadIsAnError) { EXPECT_FALSE(xxh3_128_hex(os::Fd()).ok()); }

}  // namespace
}  // namespace inlay::store
