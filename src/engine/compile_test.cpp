// The compiler: takes what a worker can run, and refuses the rest with words that name the remedy.
#include "engine/compile.hpp"

#include <gtest/gtest.h>

#include "engine/probe.hpp"

namespace inlay::engine {
namespace {

using std::string_literals::operator""s;

const std::string kEntry = R"((func (export "inlay_handle") (result i32) (i32.const 0)))";
const std::string kMemory = R"((memory (export "memory") 1))";

struct Refusal {
    const char* claim;
    std::string module;
    const char* words;
};

const Refusal kRefusals[] = {
    {"bytes that are neither form", "\x7f" "ELF\0\0"s, "neither a WebAssembly module nor its text form"},
    {"text that is no module", "(modul)", "not a WebAssembly module, and as text: "},
    {"an empty file", "", "not a WebAssembly module, and as text: "},
    {"a binary that is cut", "\0asm\1\0"s, "the module is not valid"},
    {"a binary of another version", "\0asm\2\0\0\0"s, "the module is not valid"},
    {"a body that does not type-check", guest("(i64.const 0)"), "the module is not valid"},
    {"an unknown import", guest("(i32.const 0)", R"((import "env" "nowhere" (func)))"), "nowhere"},
    {"an unknown function of the host", guest("(i32.const 0)", R"((import "inlay" "teleport" (func)))"), "teleport"},
    {"an import of another type", guest("(i32.const 0)", R"((import "inlay" "probe" (func (param i64) (result i32))))"), "probe"},
    {"an imported memory", "(module (import \"env\" \"memory\" (memory 1)) (export \"memory\" (memory 0))" + kEntry + ")", "memory"},
    {"no entry", "(module " + kMemory + ")", "no entry point: export a function inlay_handle"},
    {"an entry with a parameter", "(module " + kMemory + R"((func (export "inlay_handle") (param i32) (result i32) (i32.const 0))))",
     "inlay_handle must have the type () -> i32"},
    {"an entry with another result", "(module " + kMemory + R"((func (export "inlay_handle") (result i64) (i64.const 0))))",
     "inlay_handle must have the type () -> i32"},
    {"an entry without result", "(module " + kMemory + R"((func (export "inlay_handle"))))", "inlay_handle must have the type () -> i32"},
    {"an entry with two results",
     "(module " + kMemory + R"((func (export "inlay_handle") (result i32 i32) (i32.const 0) (i32.const 0))))",
     "inlay_handle must have the type () -> i32"},
    {"an entry that is a global", "(module " + kMemory + R"((global (export "inlay_handle") i32 (i32.const 0))))",
     "inlay_handle must have the type () -> i32"},
    {"an initializer with a result", "(module " + kMemory + kEntry + R"((func (export "_initialize") (result i32) (i32.const 0))))",
     "_initialize must have the type () -> ()"},
    {"an initializer with a parameter", "(module " + kMemory + kEntry + R"((func (export "_initialize") (param i32))))",
     "_initialize must have the type () -> ()"},
    {"no memory", "(module " + kEntry + ")", "does not export its memory as \"memory\": link with --export-memory"},
    {"a memory that is not exported", "(module (memory 1)" + kEntry + ")", "does not export its memory"},
    {"a memory that is a function", "(module (func (export \"memory\"))" + kEntry + ")", "does not export its memory"},
    {"a second memory", "(module (memory 1) " + kMemory + kEntry + ")", "build without -mmultimemory"},
    {"exceptions", "(module (tag) " + kMemory + kEntry + ")", "build without -fwasm-exceptions"},
    {"something to warm with a parameter", "(module " + kMemory + kEntry + R"((func (export "inlay_warm") (param i64))))", "inlay_warm must have the type () -> ()"},
    {"a maximum without room for windows", "(module (memory (export \"memory\") 1 1024)" + kEntry + ")",
     "leaves no room for windows: link without --max-memory"},
};

TEST(Compile, RefusesWithWordsThatNameTheFault) {
    for (const auto& refusal : kRefusals) {
        auto compiled = workshop().compile(refusal.module);
        ASSERT_FALSE(compiled.ok()) << refusal.claim;
        EXPECT_EQ(compiled.error().code, Errc::bad_module) << refusal.claim;
        EXPECT_NE(compiled.error().detail.find(refusal.words), std::string::npos) << refusal.claim << ": " << compiled.error().detail;
    }
}

TEST(Compile, RefusesA64BitMemoryWithTheRemedy) {
    auto compiled = workshop().compile("(module (memory (export \"memory\") i64 1)" + kEntry + ")");
    ASSERT_FALSE(compiled.ok());
    EXPECT_NE(compiled.error().detail.find("build for wasm32"), std::string::npos) << compiled.error().detail;
}

TEST(Compile, RefusesASharedMemoryWithTheRemedy) {
    auto compiled = workshop().compile("(module (memory (export \"memory\") 1 2000 shared)" + kEntry + ")");
    ASSERT_FALSE(compiled.ok());
    EXPECT_NE(compiled.error().detail.find("build without threads"), std::string::npos) << compiled.error().detail;
}

TEST(Compile, RefusesAModuleThatBeginsWithMoreMemoryThanItMayUse) {
    std::string two_pages = "(module (memory (export \"memory\") 2)" + kEntry + ")";
    EXPECT_TRUE(workshop().compile(two_pages, 128 * KiB).ok());
    auto compiled = workshop().compile(two_pages, 128 * KiB - 1);
    ASSERT_FALSE(compiled.ok());
    EXPECT_EQ(compiled.error().detail, "the module begins with 131072 bytes of memory but may use 131071: deploy with more memory");
}

TEST(Compile, TakesAMaximumThatLeavesRoomForWindows) {
    uint64_t pages = 1 + kWindowRoomMin / (64 * KiB);
    EXPECT_TRUE(workshop().compile("(module (memory (export \"memory\") 1 " + std::to_string(pages) + ")" + kEntry + ")").ok());
}

TEST(Compile, RefusesAnOversizedModuleUnread) {
    std::string module(kModuleBytesMax + 1, ' ');
    auto compiled = workshop().compile(module);
    ASSERT_FALSE(compiled.ok());
    EXPECT_EQ(compiled.error().detail, "the module has 67108865 bytes, more than 67108864");
}

// What compiles is stored, and each worker that cannot load it asks for it to be compiled again: for ever.
TEST(Compile, RefusesWhatNoWorkerCanLoad) {
    std::string many_globals;
    for (int i = 0; i < 100'000; i++) many_globals += "(global (mut i64) (i64.const 0))";
    const std::string modules[] = {
        guest("(i32.const 0)", "(table " + std::to_string(kTableElementsMax + 1) + " funcref)"),
        guest("(i32.const 0)", "(table 1 funcref)(table 1 funcref)(table 1 funcref)(table 1 funcref)(table 1 funcref)"),
        guest("(i32.const 0)", many_globals),
    };
    for (const auto& module : modules) {
        auto compiled = workshop().compile(module);
        ASSERT_FALSE(compiled.ok()) << module.substr(0, 60);
        EXPECT_EQ(compiled.error().code, Errc::bad_module);
    }
}

TEST(Compile, TakesTextAndGivesCodeThatAWorkerLoads) {
    auto compiled = workshop().compile(guest("(i32.const 42)"));
    ASSERT_TRUE(compiled.ok());
    EXPECT_TRUE(Program::load(workshop().worker(), bytes_of(*compiled)).ok());
}

TEST(Compile, TakesABinary) {
    // (module (memory (export "memory") 1) (func (export "inlay_handle") (result i32) (i32.const 0)))
    const std::string binary =
        "\0asm\1\0\0\0"
        "\1\5\1\x60\0\1\x7f"
        "\3\2\1\0"
        "\5\3\1\0\1"
        "\7\x19\2\6memory\2\0\x0cinlay_handle\0\0"
        "\x0a\6\1\4\0\x41\0\x0b"s;
    auto compiled = workshop().compile(binary);
    EXPECT_TRUE(compiled.ok()) << compiled.error().detail;
}

}  // namespace
}  // namespace inlay::engine
