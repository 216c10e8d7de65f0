// What is told of invocations that did not complete.
#include "run/outcome.hpp"

#include <gtest/gtest.h>

namespace inlay::run {
namespace {

TEST(FailureOf, TellsEveryEnding) {
    EXPECT_EQ(failure_of("f", {.how = Refused{{Errc::overloaded, "full"}}}), (Error{Errc::overloaded, "full"}));
    EXPECT_EQ(failure_of("f", {.how = Trapped{{Errc::object_changed, "gone"}}}), (Error{Errc::object_changed, "gone"}));
    EXPECT_EQ(failure_of("f", {.how = Failed{7}}),
              (Error{Errc::function_failed, "function \"f\" returned 7; nothing it staged took effect"}));
    EXPECT_EQ(failure_of("f", {.how = Failed{-6, "kRangesMax = 1024"}}).detail,
              "function \"f\" returned -6; nothing it staged took effect; it had met a limit: kRangesMax = 1024");
    EXPECT_EQ(failure_of("f", {.how = Completed{}}).code, Errc::internal) << "nothing went wrong";
}

}  // namespace
}  // namespace inlay::run
