// The table of host functions: what abi/inlay.h declares, no less and no more, with its types.
#include "run/host_api.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "run/trial.hpp"

namespace inlay::run {
namespace {

// One letter per parameter as abi/inlay.h declares them: w 32 bits (also pointers), d 64 bits.
const std::map<std::string, std::string> kDeclared{
    {"request", "wwwww"}, {"body", "w"},      {"open", "www"},      {"map", "wddww"},     {"output", "dw"}, {"unmap", "w"}, {"move", "wddw"}, {"prefetch", "wdd"},
    {"status", "w"},      {"header", "wwww"}, {"respond", "ww"},    {"publish", "wwwwww"}, {"log", "www"},   {"clock", "ww"},
    {"random", "ww"},     {"cost", "w"},      {"receive", "w"},     {"send", "ww"},
    {"call_input", "ww"},      {"fd_source", "ww"}, {"close", "w"},     {"call", "wwwwwww"},  {"spawn", "wwwwww"}, {"wait", "ww"}, {"wait_any", "www"},
};

TEST(HostApi, HasTheFunctionsOfTheAbiWithTheirTypes) {
    std::map<std::string, std::string> found;
    for (const auto& function : host_functions()) {
        if (function.module != "inlay") continue;
        std::string letters;
        for (size_t i = 0; i < function.parameters; i++) letters += function.is_i64[i] ? 'd' : 'w';
        found[std::string(function.name)] = letters;
    }
    EXPECT_EQ(found, kDeclared);
}

TEST(HostApi, AGuestMayImportAllOfThem) { EXPECT_EQ(Trial().code("(i32.const 0)"), 0); }

TEST(HostApi, StructuresHaveTheLayoutOfTheAbi) {
    static_assert(sizeof(inlay_source) == 16 && offsetof(inlay_source, size) == 8);
    static_assert(sizeof(inlay_range) == 8 && offsetof(inlay_range, length) == 4);
    static_assert(sizeof(inlay_cost_counts) == 32 && offsetof(inlay_cost_counts, copied) == 8 && offsetof(inlay_cost_counts, windows) == 16);
    static_assert(sizeof(inlay_result) == 32 && offsetof(inlay_result, first) == 12 && offsetof(inlay_result, size) == 24);
}

}  // namespace
}  // namespace inlay::run
