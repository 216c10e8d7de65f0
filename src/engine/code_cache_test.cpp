// The function cache: what was compiled once is not compiled again, whatever becomes of what was kept.
#include "engine/code_cache.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "engine/compile.hpp"
#include "engine/engine.hpp"

namespace inlay::engine {
namespace {

// A module of so many functions, all different, of which the first returns `first`.
std::string module_of(size_t functions, int first) {
    std::string text = fmt::format("(module (memory (export \"memory\") 1) (func (export \"inlay_handle\") (result i32) (i32.const {}))", first);
    for (size_t i = 0; i < functions; i++) {
        text += fmt::format("(func (param i32) (result i32) (local i32) (local.set 1 (i32.const {}))", i);
        for (size_t step = 0; step < 30; step++) text += fmt::format("(local.set 1 (i32.xor (i32.mul (local.get 0) (i32.load offset={} (local.get 1))) (local.get 1)))", step * (i + 1));
        text += "(local.get 1))";
    }
    return text + ")";
}

struct Made {
    std::string code;
    std::string kept;
};

Made compile_with(const std::string& kept, const std::string& module, Checks checks = Checks::none) {
    CodeCache cache(kept);
    auto engine = Engine::create_for_compiler({}, checks, &cache).value();
    auto code = compile(*engine, {reinterpret_cast<const uint8_t*>(module.data()), module.size()}, kMemoryBytesDefault).value();
    return {std::move(code), cache.take()};
}

std::string compile_without(const std::string& module) {
    auto engine = Engine::create_for_compiler({}, Checks::none).value();
    return compile(*engine, {reinterpret_cast<const uint8_t*>(module.data()), module.size()}, kMemoryBytesDefault).value();
}

TEST(CodeCache, GivesTheSameCode) {
    const auto module = module_of(100, 1), changed = module_of(100, 2);
    auto first = compile_with("", module);
    auto again = compile_with(first.kept, module), next = compile_with(first.kept, changed);
    EXPECT_EQ(first.code, compile_without(module));
    EXPECT_EQ(again.code, first.code);
    EXPECT_EQ(again.kept.size(), first.kept.size());
    EXPECT_EQ(next.code, compile_without(changed));
}

// Why it must come from where the module may come from.
TEST(CodeCache, IsWhatRuns) {
    constexpr uint32_t kTrue = 0x12345678, kForged = 0x12345679;
    auto bytes_of = [](const uint32_t& number) { return std::string(reinterpret_cast<const char*>(&number), sizeof(number)); };
    const auto module = module_of(0, kTrue);
    auto first = compile_with("", module);
    const size_t at = first.kept.find(bytes_of(kTrue));
    ASSERT_NE(at, std::string::npos) << "the machine code has it as it is";
    auto forged = compile_with(std::string(first.kept).replace(at, sizeof(kForged), bytes_of(kForged)), module);
    EXPECT_NE(first.code.find(bytes_of(kTrue)), std::string::npos);
    EXPECT_EQ(forged.code.find(bytes_of(kTrue)), std::string::npos);
    EXPECT_NE(forged.code.find(bytes_of(kForged)), std::string::npos);
}

TEST(CodeCache, KeepsWhatTheLatestCompilationUsed) {
    auto large = compile_with("", module_of(300, 1));
    auto small = compile_with(large.kept, module_of(3, 1));
    EXPECT_LT(small.kept.size(), large.kept.size() / 10);
    EXPECT_EQ(small.kept.size(), compile_with("", module_of(3, 1)).kept.size());
    EXPECT_TRUE(CodeCache(large.kept).take().empty()) << "nothing has used it";
}

TEST(CodeCache, CodeWithOtherChecksIsAnother) {
    auto unchecked = compile_with("", module_of(50, 1));
    auto checked = compile_with(unchecked.kept, module_of(50, 1), Checks::epoch);
    EXPECT_EQ(checked.code, compile_with("", module_of(50, 1), Checks::epoch).code);
}

TEST(CodeCache, WhatIsCutOrNoCacheIsCompiled) {
    const auto module = module_of(20, 1);
    auto first = compile_with("", module);
    for (size_t length = 0; length < first.kept.size(); length += 1 + first.kept.size() / 50) EXPECT_EQ(compile_with(first.kept.substr(0, length), module).code, first.code) << length;
    EXPECT_EQ(compile_with(std::string(1000, '\xff'), module).code, first.code);
    EXPECT_EQ(compile_with(std::string(1000, '\0'), module).code, first.code);
}

TEST(CodeCache, IsFullAtItsBound) {
    constexpr uint32_t kEntryBytes = 64 * KiB, kKeyBytes = 4, kCodeBytes = kEntryBytes - kKeyBytes - 8;
    std::string kept;
    auto add = [&](const void* bytes, size_t size) { kept.append(static_cast<const char*>(bytes), size); };
    const std::string code(kCodeBytes, 'x');
    for (uint32_t key = 0; key < kKeptCodeBytesMax / kEntryBytes; key++) {
        add(&kKeyBytes, 4);
        add(&key, 4);
        add(&kCodeBytes, 4);
        add(code.data(), code.size());
    }
    const auto module = module_of(20, 1);
    auto made = compile_with(kept, module);
    EXPECT_EQ(made.code, compile_without(module));
    EXPECT_TRUE(made.kept.empty()) << "no room was left";
    EXPECT_FALSE(compile_with(kept.substr(kEntryBytes), module).kept.empty());
}

}  // namespace
}  // namespace inlay::engine
