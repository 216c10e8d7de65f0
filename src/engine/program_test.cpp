// Programs: what compile() made is loaded, anything else is refused as corrupt.
#include "engine/program.hpp"

#include <gtest/gtest.h>

#include "engine/probe.hpp"

namespace inlay::engine {
namespace {

TEST(Program, RefusesDamagedCodeAsCorrupt) {
    std::string whole = workshop().compile(guest("(i32.const 0)")).value();
    std::string other_magic = whole;
    other_magic[0] ^= 1;
    const std::string damaged[] = {"", "text", std::string(4096, '\0'), whole.substr(0, 40), whole.substr(0, whole.size() / 2),
                                   other_magic};
    for (const auto& bytes : damaged) {
        auto loaded = Program::load(workshop().worker(), bytes_of(bytes));
        ASSERT_FALSE(loaded.ok()) << bytes.size();
        EXPECT_EQ(loaded.error().code, Errc::corrupt);
        EXPECT_EQ(loaded.error().detail.find("compiled module: "), 0u) << loaded.error().detail;
    }
}

TEST(Program, RefusesCodeWhoseImportsAreNotThereAsCorrupt) {
    // Made under other host functions, as a newer server with the same engine would.
    static constexpr HostFunction kNewer[] = {host_function<&probe>("newer")};
    workshop();
    auto newer = Engine::create_for_compiler(kNewer).value();
    auto module = guest("(call $f (i32.const 0))", R"((import "inlay" "newer" (func $f (param i32) (result i32))))");
    auto compiled = compile(*newer, bytes_of(module), kMemoryBytesDefault);
    ASSERT_TRUE(compiled.ok());
    auto loaded = Program::load(workshop().worker(), bytes_of(*compiled));
    ASSERT_FALSE(loaded.ok());
    EXPECT_EQ(loaded.error().code, Errc::corrupt);
    EXPECT_NE(loaded.error().detail.find("newer"), std::string::npos);
}

TEST(Program, OutlivesTheBytesItWasLoadedFrom) {
    auto compiled = workshop().compile(guest("(i32.const 42)")).value();
    auto loaded = Program::load(workshop().worker(), bytes_of(compiled)).value();
    std::fill(compiled.begin(), compiled.end(), '\0');
    Probe state;
    Instance instance(*loaded, kMemoryBytesDefault, &state);
    ASSERT_TRUE(instance.start().ok());
    EXPECT_EQ(std::get<int32_t>(instance.call_handle()), 42);
}

TEST(Program, KnowsWhatItImports) {
    auto plain = workshop().program(guest("(i32.const 0)"));
    auto imports = workshop().program(guest("(i32.const 0)", R"((import "inlay" "probe" (func (param i32) (result i32))))"));
    EXPECT_FALSE(plain->imports("probe"));
    EXPECT_TRUE(imports->imports("probe"));
    EXPECT_FALSE(imports->imports("prob"));
}

TEST(Program, KnowsItsEngine) {
    auto loaded = workshop().program(guest("(i32.const 0)"));
    EXPECT_EQ(&loaded->engine(), &workshop().worker());
}

}  // namespace
}  // namespace inlay::engine
