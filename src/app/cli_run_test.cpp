// The options of run: names, fields and deadlines.
#include "app/cli_run.hpp"

#include <gtest/gtest.h>

#include "app/cli_failure.hpp"

namespace inlay::cli {
namespace {

TEST(RunOptions, TheFileNamesTheFunction) {
    EXPECT_EQ(function_name_of("some/where/sum.wasm"), "sum");
    EXPECT_EQ(function_name_of("sum"), "sum");
    EXPECT_EQ(function_name_of("a.b.wat"), "a.b");
    EXPECT_EQ(function_name_of("a b.wasm"), "function") << "no function could be deployed under that name";
    EXPECT_EQ(function_name_of("-"), "-");
    EXPECT_EQ(function_name_of(""), "function");
}

TEST(RunOptions, HeadersHaveNameAndValue) {
    std::string text = "X-Own:  a: b ";
    auto field = parse_header(text);
    EXPECT_EQ(field.name, "X-Own");
    EXPECT_EQ(field.value, "a: b");
    EXPECT_EQ(parse_header("Empty:").value, "");
    for (std::string bad : {"", "no colon", ": value", "a b: value", "Name: a\nb", "Name : value"})
        EXPECT_THROW(parse_header(bad), Failure) << bad;
}

TEST(RunOptions, ADeadlineIsADurationOrMilliseconds) {
    EXPECT_EQ(run_timeout_ms_of("250"), 250u);
    EXPECT_EQ(run_timeout_ms_of("250ms"), 250u);
    EXPECT_EQ(run_timeout_ms_of("15m"), 900'000u);
    for (std::string text : {"0", "0s", "soon", "16m", "-1", ""}) EXPECT_THROW(run_timeout_ms_of(text), Failure) << text;
}

}  // namespace
}  // namespace inlay::cli
