// Accounts of the engine, whole and damaged.
#include "engine/trap_place.hpp"

#include <gtest/gtest.h>

namespace inlay::engine {
namespace {

const std::string kHead = "error while executing at wasm backtrace:\n";

TEST(TrapPlace, IsTheFirstFrameWithItsSource) {
    EXPECT_EQ(place_of(kHead + "    0:    0x113 - m.wasm!sum\n                    at /src/sum.c:12:5\n    1:    0x108 - main\n"), " in sum (sum.c:12)");
    EXPECT_EQ(place_of(kHead + "    0:    0x113 - m.wasm!sum\n    1:    0x108 - main\n"), " in sum");
    EXPECT_EQ(place_of(kHead + "    0:    0x113 - m!<wasm function 3>\n"), "");
}

TEST(TrapPlace, LeavesOutWhatPanicsAndAborts) {
    const std::string panic = "    0:   0x1 - rust_begin_unwind\n                    at /rustc/x/library/std/src/panicking.rs:1:1\n"
                              "    1:   0x2 - core::panicking::panic_fmt\n    2:   0x3 - m.wasm!deep\n                    at /home/a/src/lib.rs:8:3\n";
    EXPECT_EQ(place_of(kHead + panic), " in deep (lib.rs:8)");
    EXPECT_EQ(place_of(kHead + "    0:   0x1 - abort\n    1:   0x2 - work\n"), " in work");
    EXPECT_EQ(place_of(kHead + "    0:   0x1 - ../node_modules/inlay/assembly/trap/inlay_abort\n    1:   0x2 - function/inlay_handle\n"), " in function/inlay_handle");
    EXPECT_EQ(place_of(kHead + "    0:   0x1 - m.wasm!runtime.abort\n"), " in runtime.abort") << "where there is nothing else";
}

TEST(TrapPlace, TakesAnyText) {
    const std::string whole = kHead + "    0:    0x113 - m.wasm!sum\n                    at /src/sum.c:12:5\n";
    for (size_t size = 0; size <= whole.size(); size++) (void)place_of(whole.substr(0, size));
    for (const char* text : {"", "\n", " - ", "0: - ", "    0: 0x1 - \n", "    0: 0x1 - !\n at \n", "x: 1 - y\n"}) EXPECT_EQ(place_of(text), "") << text;
}

TEST(TrapPlace, AnAccountIsWithoutTheEnginesAdvice) {
    EXPECT_EQ(account_of("a\nnote: using the `WASMTIME_BACKTRACE_DETAILS=1` environment variable may show more debugging information\nb"), "a\nb");
    EXPECT_EQ(account_of("note: using the `WASMTIME_BACKTRACE_DETAILS"), "");
    EXPECT_EQ(account_of("a"), "a");
}

}  // namespace
}  // namespace inlay::engine
