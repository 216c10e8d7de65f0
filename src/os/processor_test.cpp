// The digest of the processor's features: short, stable, fit for a file name.
#include "os/processor.hpp"

#include <gtest/gtest.h>

#include "base/hash.hpp"

namespace inlay::os {
namespace {

TEST(Processor, TheDigestIs16HexDigitsAndDoesNotChange) {
    std::string digest = processor_features_digest();
    EXPECT_EQ(digest.size(), 16u);
    EXPECT_EQ(digest.find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_EQ(digest, processor_features_digest());
}

TEST(Processor, TheDigestIsOfSomething) {
    // The hash of nothing: no line of features was found, and all processors would look alike.
    EXPECT_EQ(fnv1a(""), 0xcbf29ce484222325u);
    EXPECT_NE(processor_features_digest(), "cbf29ce484222325");
}

}  // namespace
}  // namespace inlay::os
