// Invocations: where a request goes.
#include "app/cli_invoke.hpp"

#include <gtest/gtest.h>

#include "app/cli_failure.hpp"

namespace inlay::cli {
namespace {

TEST(InvokeTargets, HaveNameRestAndQuery) {
    EXPECT_EQ(invoke_target("noop", {}), "/f/noop");
    EXPECT_EQ(invoke_target("wc/a b", {}), "/f/wc/a%20b");
    EXPECT_EQ(invoke_target("grep", {"object=demo/packages", "word=Package: g++", "word=a=b"}),
              "/f/grep?object=demo/packages&word=Package%3A%20g%2B%2B&word=a%3Db");
}

TEST(InvokeTargets, RefuseBadNamesAndPairs) {
    EXPECT_THROW(invoke_target("", {}), Failure);
    EXPECT_THROW(invoke_target("..", {}), Failure);
    EXPECT_THROW(invoke_target("a b", {}), Failure);
    EXPECT_THROW(invoke_target("wc", {"object"}), Failure);
}

}  // namespace
}  // namespace inlay::cli
